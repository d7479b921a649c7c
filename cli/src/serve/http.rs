//! HTTP/1.1: connections with bounds on time and size, and the routes.

use super::app::App;
use super::intake::{Full, Intake};
use super::listen::{Connections, Listener, Place, short};
use super::pool::{Handover, Undecided};
use super::{metrics, rspamd};
use axum::Router;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use ruleeval::live::Outcome;
use ruleeval::message::Envelope;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;
use tower::ServiceExt;

/// Most bytes of a request's header.
const MAX_HEADER: usize = 64 << 10;
/// Most fields of a request's header.
const MAX_FIELDS: usize = 1100;

/// Takes connections until it is told to stop, and then answers what is under way.
pub(crate) async fn listen(app: Arc<App>, listener: Listener, mut stop: watch::Receiver<bool>) {
    let (router, graceful) = (router(Arc::clone(&app)), GracefulShutdown::new());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
        };
        match accepted {
            Ok(mut stream) => match Connections::admit(&app.http) {
                Some(place) => connection(&app, &router, &graceful, stream, place),
                None => {
                    metrics::refused("http");
                    tokio::spawn(async move { stream.write_all(TOO_MANY).await });
                }
            },
            Err(error) => short(&error, &app.http).await,
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

fn connection(
    app: &App,
    router: &Router,
    graceful: &GracefulShutdown,
    stream: Box<dyn super::listen::Io>,
    place: Place,
) {
    let place = Arc::new(place);
    let (seat, router) = (Arc::clone(&place), router.clone());
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let (seat, router) = (Arc::clone(&seat), router.clone());
        async move {
            seat.busy(true);
            let response = router.oneshot(request.map(Body::new)).await;
            seat.busy(false);
            response
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(app.settings.seconds.header))
        .max_header_size(MAX_HEADER)
        .max_headers(MAX_FIELDS)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        tokio::select! {
            ended = connection => if let Err(error) = ended { tracing::debug!(%error, "connection ended"); },
            () = place.evicted() => tracing::debug!("an idle connection gave way"),
        }
    });
}

fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/v1/scan", post(scan))
        .route("/v1/packs", get(packs))
        .route("/v1/reload", post(reload))
        .route("/v1/release", post(release))
        .route("/checkv2", post(checkv2))
        .route("/ping", get(|| async { "pong\r\n" }))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_text))
        .fallback(|| async { refuse(StatusCode::NOT_FOUND, "not_found", "there is no such path") })
        .method_not_allowed_fallback(|| async {
            refuse(StatusCode::METHOD_NOT_ALLOWED, "method", "the path has another method")
        })
        .with_state(app)
}

/// An error as all of them are written.
fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    let body = Json(json!({ "error": { "code": code, "message": message } }));
    let mut response = (status, body).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    }
    // What is left of the request is not read.
    if status.is_client_error() || status.is_server_error() {
        response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    }
    response
}

fn undecided(why: Undecided) -> Response {
    let (status, message) = match why {
        Undecided::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too many messages wait"),
        Undecided::Late => (StatusCode::SERVICE_UNAVAILABLE, "no answer in time"),
        Undecided::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "the evaluation failed"),
    };
    refuse(status, why.reason(), message)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ScanQuery {
    evidence: bool,
}

async fn scan(
    State(app): State<Arc<App>>,
    query: Result<Query<ScanQuery>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Ok(Query(query)) = query else {
        return refuse(StatusCode::BAD_REQUEST, "query", "the only parameter is `evidence=true` or `false`");
    };
    let names = Names { ip: "client-ip", helo: "client-helo", from: "mail-from", rcpt: "rcpt-to" };
    let (handover, intake) = match receive(&app, &headers, body, names).await {
        Ok(received) => received,
        Err(refused) => return *refused,
    };
    match app.decide("http", intake, &handover, query.evidence).await {
        Ok(decided) => Json(decided.answer).into_response(),
        Err(why) => undecided(why),
    }
}

async fn checkv2(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    if let Some(name) = rspamd::path_input(&parts.headers, parts.uri.query()) {
        let message = format!("`{name}` names a file; the message must be in the body");
        return refuse(StatusCode::BAD_REQUEST, "path_input", &message);
    }
    let names = Names { ip: "ip", helo: "helo", from: "from", rcpt: "rcpt" };
    let (handover, intake) = match receive(&app, &parts.headers, body, names).await {
        Ok(received) => received,
        Err(refused) => return *refused,
    };
    let began = std::time::Instant::now();
    match app.decide("rspamd", intake, &handover, false).await {
        Ok(decided) => Json(rspamd::answer(&decided, &app.settings, began.elapsed())).into_response(),
        Err(why) => undecided(why),
    }
}

/// The header fields that carry the envelope.
#[derive(Clone, Copy)]
struct Names {
    ip: &'static str,
    helo: &'static str,
    from: &'static str,
    rcpt: &'static str,
}

/// Reads envelope and body, within the bounds on size and time.
async fn receive(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    names: Names,
) -> Result<(Handover, Intake), Box<Response>> {
    if app.is_draining() {
        return Err(Box::new(refuse(StatusCode::SERVICE_UNAVAILABLE, "draining", "the service is ending")));
    }
    let handover = handover(headers, names).map_err(|message| {
        metrics::undecided("http", "envelope");
        Box::new(refuse(StatusCode::BAD_REQUEST, "envelope", &message))
    })?;
    let encoded =
        |name: &str| headers.get(name).is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
    if encoded("content-encoding") || encoded("compression") {
        let message = "the body must be the message as it is, not compressed";
        return Err(Box::new(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoding", message)));
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > app.settings.message_bytes) {
        return Err(Box::new(full(Full::TooLarge)));
    }
    let limit = Duration::from_secs(app.settings.seconds.body);
    let received = tokio::time::timeout(limit, collect(app, body)).await;
    let intake = received.unwrap_or_else(|_| {
        metrics::undecided("http", "slow");
        Err(Box::new(refuse(StatusCode::REQUEST_TIMEOUT, "slow", "the body did not arrive in time")))
    })?;
    Ok((handover, intake))
}

async fn collect(app: &App, mut body: Body) -> Result<Intake, Box<Response>> {
    let mut intake = app.pool.budget().intake();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            metrics::undecided("http", "broken");
            Box::new(refuse(StatusCode::BAD_REQUEST, "broken", "the body is broken"))
        })?;
        if let Some(data) = frame.data_ref() {
            intake.push(data).map_err(|reason| Box::new(full(reason)))?;
        }
    }
    Ok(intake)
}

fn full(reason: Full) -> Response {
    match reason {
        Full::TooLarge => {
            metrics::undecided("http", "too_large");
            refuse(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the message is larger than service.message_bytes")
        }
        Full::NoMemory => {
            metrics::undecided("http", "memory");
            refuse(StatusCode::SERVICE_UNAVAILABLE, "memory", "other messages fill service.memory_bytes")
        }
    }
}

fn handover(headers: &HeaderMap, names: Names) -> Result<Handover, String> {
    let text = |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned());
    let ip = match text(names.ip).filter(|ip| !ip.is_empty()) {
        Some(ip) => Some(ip.parse().map_err(|_| format!("`{}` is not an address", names.ip))?),
        None => None,
    };
    let recipients = headers.get_all(names.rcpt).iter();
    let envelope = Envelope {
        ip,
        helo: text(names.helo),
        mail_from: text(names.from).map(|address| bare(&address)),
        rcpt_to: recipients.map(|value| bare(&String::from_utf8_lossy(value.as_bytes()))).collect(),
        time: None,
    };
    Ok(Handover { envelope, queue_id: text("queue-id") })
}

/// An address without angle brackets.
pub(crate) fn bare(address: &str) -> String {
    let address = address.trim();
    address.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(address).to_owned()
}

/// What runs, since when, and what is not as it should be.
async fn packs(State(app): State<Arc<App>>) -> Response {
    let now = app.handle.current();
    Json(json!({
        "generation": now.number(),
        "digest": now.digest(),
        "loaded": now.since(),
        "packs": now.engine().packs(),
        "rules": now.engine().rules().len(),
        "stale": now.stale(),
        "stale_details": now.stale().map(|stale| &stale.refusal.details),
        "held": now.held().values().collect::<Vec<_>>(),
        "watched": app.handle.watched(),
    }))
    .into_response()
}

/// The process lives. Stale packs are told, and are no reason to end it.
async fn healthz(State(app): State<Arc<App>>) -> Response {
    let now = app.handle.current();
    let well = now.stale().is_none() && now.held().is_empty();
    Json(json!({
        "status": if well { "ok" } else { "degraded" },
        "generation": now.number(),
        "digest": now.digest(),
        "stale": now.stale(),
        "held": now.held().keys().collect::<Vec<_>>(),
        "silent": app.handle.silent(),
    }))
    .into_response()
}

async fn readyz(State(app): State<Arc<App>>) -> Response {
    if app.is_draining() {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "draining", "the service is ending");
    }
    Json(json!({ "ready": true })).into_response()
}

async fn metrics_text(State(app): State<Arc<App>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics::render(&app)).into_response()
}

async fn reload(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if let Err(refused) = authorize(&app, &headers) {
        return *refused;
    }
    let (status, outcome) = match app.reload().await {
        Some(Outcome::Unchanged) => (StatusCode::OK, json!({ "outcome": "unchanged" })),
        Some(Outcome::Swapped { .. }) => (StatusCode::OK, json!({ "outcome": "swapped" })),
        Some(Outcome::Refused(stale)) => {
            let details = &stale.refusal.details;
            (StatusCode::CONFLICT, json!({ "outcome": "refused", "stale": stale, "details": details }))
        }
        None => return refuse(StatusCode::INTERNAL_SERVER_ERROR, "failed", "the watcher has ended"),
    };
    let mut outcome = outcome;
    let now = app.handle.current();
    outcome["generation"] = json!(now.number());
    outcome["digest"] = json!(now.digest());
    (status, Json(outcome)).into_response()
}

#[derive(Deserialize)]
struct ReleaseQuery {
    rule: String,
}

async fn release(
    State(app): State<Arc<App>>,
    query: Result<Query<ReleaseQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    if let Err(refused) = authorize(&app, &headers) {
        return *refused;
    }
    let Ok(Query(query)) = query else {
        return refuse(StatusCode::BAD_REQUEST, "query", "name the rule: `?rule=pack/name`");
    };
    if !app.release(&query.rule) {
        return refuse(StatusCode::NOT_FOUND, "not_held", "no such rule is held");
    }
    Json(json!({ "released": query.rule, "generation": app.handle.current().number() })).into_response()
}

fn authorize(app: &App, headers: &HeaderMap) -> Result<(), Box<Response>> {
    let Some(token) = &app.token else {
        let message = "no token is configured: service.token_file";
        return Err(Box::new(refuse(StatusCode::FORBIDDEN, "no_token", message)));
    };
    if headers.get(header::AUTHORIZATION).is_some_and(|given| token.allows(given.as_bytes())) {
        return Ok(());
    }
    let mut response = refuse(StatusCode::UNAUTHORIZED, "token", "the bearer token is missing or wrong");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
    Err(Box::new(response))
}
