//! What everybody may see: the landing page, help, and the files that pages need.

use super::{
    answer,
    assets::{self, Asset},
    context::{self, RequestContext},
    page::{Contacts, HelpPage, HelpTopic, LandingPage},
    portal::entrance::Entrance,
    state::WebState,
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{self, Data, ServiceConfig},
};

/// The addresses.
pub fn routes(service: &mut ServiceConfig) {
    service.service(
        web::resource("/")
            .route(answer::get().to(landing))
            .default_service(answer::only("GET, HEAD")),
    );
    for topic in HelpTopic::ALL {
        let page = move |request, context, state| help(topic, request, context, state);
        let resource = web::resource(topic.path()).route(answer::get().to(page));
        service.service(resource.default_service(answer::only("GET, HEAD")));
    }
    for asset in assets::ALL {
        let file = move |request| serve_asset(asset, request);
        let resource = web::resource(asset.path).route(answer::get().to(file));
        service.service(resource.default_service(answer::only("GET, HEAD")));
    }
}

async fn landing(request: HttpRequest, context: RequestContext) -> HttpResponse {
    let shell = answer::shell(&context, context::language(&request, None), Some("/"));
    answer::html(
        StatusCode::OK,
        &LandingPage { shell, portal_path: Some(Entrance::Hikari.path("")) },
    )
}

async fn help(
    topic: HelpTopic,
    request: HttpRequest,
    context: RequestContext,
    state: Data<WebState>,
) -> HttpResponse {
    let shell = answer::shell(&context, context::language(&request, None), Some(topic.path()));
    let contacts = Contacts {
        enquiry_url: state.contact.support_url.as_ref().map(ToString::to_string),
        access_key_phone: state.contact.access_key_desk_phone.clone(),
        payment_url: state.contact.payment_contacts_url.as_ref().map(ToString::to_string),
    };
    answer::html(StatusCode::OK, &HelpPage { shell, topic, contacts })
}

/// A file addressed by its content: a browser may keep it for good.
async fn serve_asset(asset: Asset, request: HttpRequest) -> HttpResponse {
    let known = request.headers().get(header::IF_NONE_MATCH);
    let is_known = known.and_then(|value| value.to_str().ok()) == Some(asset.etag().as_str());
    let status = if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let mut response = HttpResponse::build(status);
    response
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::ETAG, asset.etag()));
    if is_known {
        response.finish()
    } else {
        response.content_type(asset.content_type).body(asset.content)
    }
}
