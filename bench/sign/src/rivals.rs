//! Other Rust signers, each held to the same request in the way its documentation shows.

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_s3::config::{BehaviorVersion, Region, RequestChecksumCalculation};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::RequestPayer;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use rusty_s3::S3Action as _;

use crate::part::ENDPOINT;
use crate::part::{
    ACCESS_KEY, AT, BUCKET, CHECKSUM, EXPIRY, HEADERS, KEY, LENGTH, NUMBER, PAYER, REGION, SECRET_KEY, SIZE,
    TYPE, UPLOAD_ID,
};

/// rusty-s3, on aws-lc-rs.
pub fn rusty_s3() -> impl FnMut() -> String {
    let endpoint = ENDPOINT.parse().expect("a URL");
    let bucket =
        rusty_s3::Bucket::new(endpoint, rusty_s3::UrlStyle::VirtualHost, BUCKET, REGION).expect("a bucket");
    let credentials = rusty_s3::Credentials::new(ACCESS_KEY, SECRET_KEY);
    let time = jiff::Timestamp::from_second(AT).expect("a moment");
    move || {
        let mut action = bucket.upload_part(Some(&credentials), black_box(KEY), NUMBER, UPLOAD_ID);
        for (name, value) in HEADERS {
            action.headers_mut().insert(name, value);
        }
        action.sign_with_time(Duration::from_secs(EXPIRY), &time).into()
    }
}

/// aws-sigv4: the part of the AWS SDK that signs, alone; path and query are written by hand.
pub fn aws_sigv4() -> impl FnMut() -> String {
    let identity = credentials().into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(Duration::from_secs(EXPIRY));
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    move || {
        let url = format!(
            "https://{BUCKET}.s3.{REGION}.amazonaws.com/{}?partNumber={NUMBER}&uploadId={UPLOAD_ID}",
            black_box(KEY)
        );
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name("s3")
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(AT.unsigned_abs()))
            .settings(settings.clone())
            .build()
            .expect("everything is given")
            .into();
        let request = SignableRequest::new("PUT", &url, HEADERS.into_iter(), SignableBody::UnsignedPayload)
            .expect("a signable request");
        let (instructions, _) = sign(request, &params).expect("it signs").into_parts();
        let mut request = http::Request::builder().method("PUT").uri(&url).body(()).expect("a request");
        instructions.apply_to_request_http1x(&mut request);
        request.uri().to_string()
    }
}

/// aws-sdk-s3: a presigned UploadPart of a client that lives on. It reads the clock itself.
pub fn aws_sdk_s3() -> impl FnMut() -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(credentials())
        // Else the SDK binds the checksum of an empty body.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .build();
    let client = aws_sdk_s3::Client::from_conf(config);
    let life = PresigningConfig::expires_in(Duration::from_secs(EXPIRY)).expect("ten minutes are allowed");
    move || runtime.block_on(sdk_url(&client, life.clone()))
}

async fn sdk_url(client: &aws_sdk_s3::Client, life: PresigningConfig) -> String {
    let call = client
        .upload_part()
        .bucket(BUCKET)
        .key(black_box(KEY))
        .upload_id(UPLOAD_ID)
        .part_number(i32::from(NUMBER))
        .content_length(i64::try_from(SIZE).expect(LENGTH))
        .checksum_sha256(CHECKSUM)
        .request_payer(RequestPayer::from(PAYER.1));
    // UploadPart has no content type of its own.
    let call = call.customize().mutate_request(|request| {
        request.headers_mut().insert(TYPE.0, TYPE.1);
    });
    let signed = call.presigned(life).await.expect("it signs");
    signed.uri().to_owned()
}

fn credentials() -> Credentials {
    Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "benchmark")
}
