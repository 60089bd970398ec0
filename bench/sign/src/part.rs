//! The part that everybody signs: its place, and the four headers that its URL binds beside `host`.

/// A fixed moment, unix seconds; AWS SDKs that read the clock themselves sign another one, at the same cost.
pub const AT: i64 = 1_795_342_507;
/// Seconds that the URL lives.
pub const EXPIRY: u64 = 600;
/// Where the bucket is.
pub const ENDPOINT: &str = "https://s3.ap-northeast-2.amazonaws.com";
/// The endpoint's region.
pub const REGION: &str = "ap-northeast-2";
/// The bucket, named in the host.
pub const BUCKET: &str = "exam-recordings";
/// AWS's own example.
pub const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
/// AWS's own example.
pub const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
/// A key of ours.
pub const KEY: &str = "webcam/3f/2026-11-22/spring-2026/math/c-000123/01KAMPLE00000000000000000A.webm";
/// As long as AWS makes them.
pub const UPLOAD_ID: &str = "VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZAVXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA";
/// The part's number.
pub const NUMBER: u16 = 17;
/// Bytes of the part.
pub const SIZE: u64 = 5_242_880;
/// [`SIZE`] as a header's value.
pub const LENGTH: &str = "5242880";
/// SHA-256 of the four bytes `part`.
pub const CHECKSUM: &str = "N6aAEzvQk0L5NK+43Sx9nhtiTaXzXjo4rbED43wFXtE=";
/// Bound beside length, type and checksum: the one further header that UploadPart and every SDK know.
pub const PAYER: (&str, &str) = ("x-amz-request-payer", "requester");
/// The content type.
pub const TYPE: (&str, &str) = ("content-type", "video/webm");

/// The headers that the URL binds.
pub const HEADERS: [(&str, &str); 4] =
    [("content-length", LENGTH), TYPE, ("x-amz-checksum-sha256", CHECKSUM), PAYER];

/// The request for signers in other languages.
pub fn json() -> serde_json::Value {
    serde_json::json!({
        "region": REGION, "endpoint": ENDPOINT, "bucket": BUCKET, "key": KEY,
        "access_key": ACCESS_KEY, "secret_key": SECRET_KEY,
        "upload_id": UPLOAD_ID, "number": NUMBER, "size": SIZE, "checksum": CHECKSUM, "content_type": TYPE.1,
    })
}
