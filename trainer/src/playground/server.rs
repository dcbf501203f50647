//! The server on this machine: the page's files, and a WebSocket for each page that is open.

use super::answer::Outbox;
use super::gate::Gate;
use super::page::Asset;
use super::session::Session;
use crate::error::{Error, ErrorKind, Result};
use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::io::ErrorKind as IoKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc::unbounded_channel;

/// The longest message from a page: a table of some ten thousand points.
const LONGEST: usize = 1 << 20;
/// So many pages may be open at once.
const PAGES: usize = 16;
/// What a page may do: show its own files and talk to its own server.
const POLICY: &str = "default-src 'self'; connect-src 'self'; img-src 'self' data: blob:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// A server that has its port.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

/// The pages that are open.
#[derive(Clone, Debug, Default)]
struct Pages(Arc<AtomicUsize>);

impl Server {
    /// Takes a port of 127.0.0.1; 0 takes any free one.
    /// # Errors
    /// [`ErrorKind::Io`] where it is taken.
    pub fn bind(port: u16) -> Result<Self> {
        let place = format!("127.0.0.1:{port}");
        let error = |cause: std::io::Error| {
            let message = match cause.kind() {
                IoKind::AddrInUse => "is in use; choose another with --port, or any free one with --port 0".into(),
                _ => cause.to_string(),
            };
            Error::new(ErrorKind::Io, &place, message)
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(error)?;
        listener.set_nonblocking(true).map_err(error)?;
        let address = listener.local_addr().map_err(error)?;
        Ok(Self { listener, address })
    }

    /// Where the page is.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Serves until `stop` is raised.
    /// # Errors
    /// [`ErrorKind::Io`] where the port is lost.
    pub fn run(self, stop: &AtomicBool) -> Result<()> {
        let error = |cause: std::io::Error| Error::new(ErrorKind::Io, self.address, cause);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(error)?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.listener).map_err(error)?;
            let gate = Gate::new(self.address.port());
            let router = Router::new()
                .route("/", get(|| async { asset("") }))
                .route("/socket", get(socket))
                .route("/{name}", get(|Path(name): Path<String>| async move { asset(&name) }))
                .layer(middleware::from_fn_with_state(gate, guard))
                .with_state(Pages::default());
            tokio::select! {
                result = async { axum::serve(listener, router).await } => result.map_err(error),
                () = raised(stop) => Ok(()),
            }
        })
    }
}

async fn raised(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn guard(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let mut response = match gate.check(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // The next version of the program has other files at the same place.
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    response
}

fn asset(path: &str) -> Response {
    match Asset::find(path) {
        Some(asset) => ([(header::CONTENT_TYPE, asset.content_type())], asset.text).into_response(),
        None => (StatusCode::NOT_FOUND, "there is no such file\n").into_response(),
    }
}

async fn socket(State(pages): State<Pages>, upgrade: WebSocketUpgrade) -> Response {
    if pages.0.fetch_add(1, Ordering::Relaxed) >= PAGES {
        pages.0.fetch_sub(1, Ordering::Relaxed);
        return (StatusCode::SERVICE_UNAVAILABLE, "too many pages are open; close one\n").into_response();
    }
    let leave = Leave(pages);
    upgrade.max_message_size(LONGEST).on_upgrade(async move |socket| converse(socket, leave).await)
}

/// A page's place, free again when it is dropped.
struct Leave(Pages);

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Carries messages between a page and its session until one of them ends.
async fn converse(mut socket: WebSocket, _leave: Leave) {
    let (answers, mut outgoing) = unbounded_channel();
    let (incoming, requests) = mpsc::channel();
    thread::spawn(move || Session::new(Outbox(answers)).run(&requests));
    loop {
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    if incoming.send(text.as_str().to_owned()).is_err() {
                        return;
                    }
                }
                // The session answers what is no request, so that a page is told whatever it does.
                Some(Ok(Message::Binary(_))) => {
                    if incoming.send("binary".into()).is_err() {
                        return;
                    }
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            answer = outgoing.recv() => {
                let Some(answer) = answer else { return };
                if socket.send(Message::Binary(answer.bytes().into())).await.is_err() {
                    return;
                }
            }
        }
    }
}
