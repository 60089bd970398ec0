import { ArrayMaxSize, IsInt, IsString, Max, Min } from "class-validator";

/** What to sign: parts of one upload. */
export class SignDto {
  @IsString()
  key!: string;

  @IsString()
  uploadId!: string;

  @ArrayMaxSize(100)
  @IsInt({ each: true })
  @Min(1, { each: true })
  @Max(10_000, { each: true })
  partNumbers!: number[];
}
