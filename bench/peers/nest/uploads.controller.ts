import { Body, Controller, ForbiddenException, Post, Req, UseGuards } from "@nestjs/common";
import { CandidateGuard, folderOf, type Authenticated } from "./candidate.guard.js";
import { SignDto } from "./uploads.dto.js";
import { UploadsService } from "./uploads.service.js";

@Controller("uploads")
@UseGuards(CandidateGuard)
export class UploadsController {
  constructor(private readonly uploads: UploadsService) {}

  @Post()
  create(@Req() request: Authenticated) {
    return this.uploads.create(folderOf(request.candidate));
  }

  @Post("sign")
  sign(@Req() request: Authenticated, @Body() body: SignDto) {
    if (!body.key.startsWith(folderOf(request.candidate))) throw new ForbiddenException();
    return this.uploads.sign(body.key, body.uploadId, body.partNumbers);
  }
}
