//! The OpenAPI document: what the routes say of themselves, with what holds for all of them added here.

use std::sync::OnceLock;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Info, OpenApi, Ref, RefOr, ResponseBuilder, tag::TagBuilder};
use utoipa::{PartialSchema, ToSchema};

use super::error::{Document, PROBLEMS};
use super::{router, told};

/// The document, as `/openapi.json` and `handin openapi` give it.
pub fn document() -> &'static OpenApi {
    static DOCUMENT: OnceLock<OpenApi> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut document = router::described();
        describe(&mut document);
        told::describe(&mut document);
        for item in document.paths.paths.values_mut() {
            operations(item).into_iter().for_each(complete);
        }
        document
    })
}

fn describe(document: &mut OpenApi) {
    document.info = Info::new("handin", env!("CARGO_PKG_VERSION"));
    document.info.description = Some(
        "Online-exam recordings go straight from browsers into S3-compatible storage by short-lived signed URLs; \
         the server proves that they arrived. Failures are RFC 9457 problem documents; compare their `code`."
            .to_owned(),
    );
    let tag = |name: &str, text: &str| TagBuilder::new().name(name).description(Some(text)).build();
    document.tags = Some(vec![
        tag("platform", "Called by the exam company's backend, with an API key."),
        tag("candidate", "Called by a candidate's browser, with a token."),
        tag("both", "Called by either; a candidate sees their own sitting only."),
        tag("anyone", "Open to anyone who knows the id."),
        tag("machines", "For load balancers, monitoring and generators of clients."),
    ]);
    let components = document.components.get_or_insert_default();
    components.schemas.insert("Problem".to_owned(), Document::schema());
    let bearer = |format: &str, text: &str| {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format(format);
        SecurityScheme::Http(scheme.description(Some(text)).build())
    };
    components.add_security_scheme("api_key", bearer("hk_…", "An API key of the platform"));
    components.add_security_scheme("token", bearer("JWT", "A candidate's token"));
}

fn operations(item: &mut PathItem) -> Vec<&mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().flatten().collect()
}

/// Adds who may call and the failures that any such call may meet.
fn complete(operation: &mut Operation) {
    let schemes = schemes(operation);
    if !schemes.is_empty() {
        let requirement = |scheme: &&str| SecurityRequirement::new::<_, _, &str>(*scheme, []);
        operation.security = Some(schemes.iter().map(requirement).collect());
    }
    let mut statuses = vec![500, 503];
    statuses.extend_from_slice(if schemes.is_empty() { &[] } else { &[401, 403] });
    statuses.extend_from_slice(if operation.request_body.is_some() { &[400, 413, 415, 422] } else { &[] });
    statuses.extend_from_slice(if takes(operation, &ParameterIn::Path) { &[404] } else { &[] });
    statuses.extend_from_slice(if takes(operation, &ParameterIn::Query) { &[422] } else { &[] });
    let responses = &mut operation.responses.responses;
    for status in statuses {
        responses.entry(status.to_string()).or_insert_with(|| failure(&codes(status)).into());
    }
    for (_, response) in responses.iter_mut().filter(|(status, _)| !status.starts_with('2')) {
        if let RefOr::T(response) = response {
            *response = failure(&response.description);
        }
    }
}

/// Who may call, by the tag of its group.
fn schemes(operation: &Operation) -> &'static [&'static str] {
    match operation.tags.as_deref().and_then(<[String]>::first).map(String::as_str) {
        Some("platform") => &["api_key"],
        Some("candidate") => &["token"],
        Some("both") => &["api_key", "token"],
        _ => &[],
    }
}

fn takes(operation: &Operation, place: &ParameterIn) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == *place))
}

fn codes(status: u16) -> String {
    let of_status = PROBLEMS.iter().filter(|kind| kind.status.as_u16() == status);
    of_status.map(|kind| format!("`{}`", kind.code)).collect::<Vec<_>>().join(", ")
}

fn failure(description: &str) -> utoipa::openapi::Response {
    let problem = Ref::from_schema_name(Document::name());
    let content = ContentBuilder::new().schema(Some(problem)).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}
