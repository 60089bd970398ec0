import { readFileSync } from "node:fs";
import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from "@nestjs/common";
import { createLocalJWKSet, jwtVerify, type JWTPayload } from "jose";

/** A request whose token was verified. */
export type Authenticated = { headers: Record<string, string | undefined>; candidate: JWTPayload };

/** Where a candidate's objects are. */
export const folderOf = ({ exam, subject, candidate }: JWTPayload) => `${exam}/${subject}/${candidate}/`;

@Injectable()
export class CandidateGuard implements CanActivate {
  private readonly keys = createLocalJWKSet(JSON.parse(readFileSync(process.env.JWKS_FILE!, "utf8")));

  async canActivate(context: ExecutionContext) {
    const request = context.switchToHttp().getRequest<Authenticated>();
    const token = request.headers.authorization?.replace(/^Bearer /, "") ?? "";
    try {
      request.candidate = (await jwtVerify(token, this.keys, { algorithms: ["EdDSA"] })).payload;
    } catch {
      throw new UnauthorizedException();
    }
    return true;
  }
}
