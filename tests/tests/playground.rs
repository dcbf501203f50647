//! The playground's server over real sockets: who may talk to it, and that whatever a page says is answered.

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use thumbnet_trainer::playground::Server;
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

/// A server until the end of the test.
struct Playground {
    host: String,
    stop: &'static AtomicBool,
    server: Option<JoinHandle<()>>,
}

impl Playground {
    fn start() -> Self {
        let server = Server::bind(0).expect("a free port");
        let host = server.url().trim_start_matches("http://").trim_end_matches('/').to_owned();
        let stop: &'static AtomicBool = Box::leak(Box::default());
        let server = std::thread::spawn(move || server.run(stop).expect("the server ends well"));
        Self { host, stop, server: Some(server) }
    }

    /// The status and the body of a request with these lines after the first.
    fn ask(&self, first: &str, lines: &[&str]) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.host).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        let request = format!("{first} HTTP/1.1\r\n{}\r\nConnection: close\r\n\r\n", lines.join("\r\n"));
        stream.write_all(request.as_bytes()).expect("the request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the answer");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, answer)
    }

    fn connect(&self, origin: &str) -> Result<Page, tungstenite::Error> {
        let mut request = format!("ws://{}/socket", self.host).into_client_request().expect("a request");
        request.headers_mut().insert("Origin", origin.parse().expect("an origin"));
        let stream = TcpStream::connect(&self.host).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a timeout");
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(Page(socket)),
            Err(tungstenite::HandshakeError::Failure(error)) => Err(error),
            Err(other) => panic!("{other}"),
        }
    }

    fn page(&self) -> Page {
        self.connect(&format!("http://{}", self.host)).expect("the own page enters")
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(server) = self.server.take() {
            server.join().expect("the server has not panicked");
        }
    }
}

/// A page's line.
struct Page(WebSocket<TcpStream>);

impl Page {
    fn say(&mut self, text: &str) {
        self.0.send(Message::Text(text.into())).expect("a message");
    }

    fn ask(&mut self, request: &Value) {
        self.say(&request.to_string());
    }

    /// The next answer of this kind, with its payload; an error where another was expected is one of the test.
    fn answer(&mut self, kind: &str) -> (Value, Vec<u8>) {
        loop {
            let (head, payload) = self.any();
            assert!(kind == "error" || head["kind"] != "error", "{head}");
            if head["kind"] == kind {
                return (head, payload);
            }
        }
    }

    /// The next answer of any kind, with its payload.
    fn any(&mut self) -> (Value, Vec<u8>) {
        loop {
            let Message::Binary(bytes) = self.0.read().expect("an answer") else { continue };
            let length = u32::from_le_bytes(bytes[..4].try_into().expect("four bytes")) as usize;
            let head = serde_json::from_slice(&bytes[4..4 + length]).expect("JSON");
            return (head, bytes[4 + length..].to_vec());
        }
    }
}

fn settings(weights: &str, layers: &[usize]) -> Value {
    json!({"settings": {
        "data": {"source": "gaussian", "noise": 0.1, "test_share": 0.5, "seed": 1},
        "network": {"inputs": ["x1", "x2"], "layers": layers, "activation": "relu", "seed": 1},
        "training": {
            "optimizer": "adam", "learning_rate": 0.01, "batch_size": 10, "regularization": "none", "amount": 0, "speed": 10,
        },
        "weights": weights,
    }})
}

#[test]
fn only_the_own_page_is_served() {
    let playground = Playground::start();
    let host = format!("Host: {}", playground.host);
    let (status, page) = playground.ask("GET /", &[&host]);
    assert_eq!(status, 200);
    assert!(
        page.contains("<title>thumbnet playground</title>")
            && page.contains("content-security-policy: default-src 'self'")
    );
    assert_eq!(playground.ask("GET /main.js", &[&host]).0, 200);
    assert_eq!(playground.ask("GET /../Cargo.toml", &[&host]).0, 404);
    assert_eq!(playground.ask("GET /%2e%2e/Cargo.toml", &[&host]).0, 404);
    assert_eq!(playground.ask("GET /", &["Host: rebound.example"]).0, 403);
    assert_eq!(playground.ask("GET /", &[&host, "Origin: http://evil.example"]).0, 403);
    assert_eq!(playground.ask("POST /", &[&host, "Content-Length: 0"]).0, 405);
    let refused = |origin: &str| match playground.connect(origin) {
        Err(tungstenite::Error::Http(response)) => response.status().as_u16(),
        other => panic!("{:?}", other.map(|_| "let in")),
    };
    assert_eq!(refused("http://evil.example"), 403);
    assert_eq!(refused("null"), 403);
    playground.page();
}

#[test]
fn wrong_messages_are_answered_and_the_session_goes_on() {
    let playground = Playground::start();
    let mut page = playground.page();
    for wrong in
        ["", "nonsense", "{}", "\"fly\"", "\"play\"", "\"step\"", r#"{"file": {"form": "exe"}}"#, r#"{"settings": {}}"#]
    {
        page.say(wrong);
        assert!(page.answer("error").0["message"].as_str().is_some_and(|text| !text.contains('\n')), "{wrong}");
    }
    page.0.send(Message::Binary(vec![0; 9].into())).expect("a message");
    page.answer("error");
    page.ask(&settings("f32", &[4]));
    page.answer("frame");
    page.ask(&settings("f32", &[4, 99]));
    let (error, _) = page.answer("error");
    assert_eq!(error["message"], "neurons: 99 is not within 1 and 16");
    for wrong in [
        json!({"weight": {"layer": 9, "to": 0, "value": 1}}),
        json!({"add": {"x1": 0, "x2": 0, "class": 7}}),
        json!({"table": {"name": "bad.csv", "text": "1,2\n3"}}),
        json!({"digit": {"side": 84, "ink": "00", "chip": false}}),
        json!({"digit": {"side": 18_446_744_073_709_551_615_u64, "ink": "", "chip": false}}),
    ] {
        page.ask(&wrong);
        page.answer("error");
    }
    // It has not lost its head.
    page.say("\"frame\"");
    page.say("\"step\"");
    assert_eq!(page.answer("frame").0["epoch"], 1);
}

#[test]
fn a_network_learns_and_its_integers_are_taken_home() {
    let playground = Playground::start();
    let mut page = playground.page();
    page.ask(&settings("f32", &[6]));
    let (data, _) = page.answer("data");
    assert_eq!((data["train"].as_array().map(Vec::len), data["regression"].as_bool()), (Some(250), Some(false)));
    let (first, payload) = page.answer("frame");
    assert_eq!(payload.len(), 60 * 60 + (7 + 6) * 30 * 30);
    page.say("\"play\"");
    let mut last = first.clone();
    while last["epoch"].as_u64() < Some(100) {
        page.say("\"frame\"");
        last = page.answer("frame").0;
    }
    let loss = |frame: &Value| frame["test"]["loss"].as_f64().expect("a loss");
    assert!(loss(&last) < loss(&first) / 3.0, "{first} {last}");
    page.say("\"pause\"");
    page.ask(&settings("int8", &[6]));
    page.ask(&json!({"file": {"form": "tnet"}}));
    let (file, tnet) = page.answer("file");
    assert_eq!(file["name"], "gaussian-int8.tnet");
    assert!(thumbnet::Model::parse(&tnet).is_ok_and(|model| !model.is_float() && model.input_len() == 2));
    for (form, name, start) in [
        ("onnx", "gaussian-int8.onnx", &b"\x08"[..]),
        ("project", "gaussian-int8.zip", b"PK"),
        ("data", "gaussian-test.csv", b"x1,x2,target\n"),
        ("recipe", "gaussian.toml", b"name = \"gaussian\""),
    ] {
        page.ask(&json!({"file": {"form": form}}));
        let (file, bytes) = page.answer("file");
        assert_eq!(file["name"], name);
        assert!(bytes.starts_with(start), "{name}");
    }
}

#[test]
fn a_board_that_is_not_there_is_named_in_a_line() {
    let playground = Playground::start();
    let mut page = playground.page();
    page.ask(&settings("int8", &[4]));
    page.answer("frame");
    page.ask(&json!({"run": {"chip": "STM32F407XX"}}));
    let (error, _) = page.answer("error");
    assert_eq!(error["about"], "run");
    assert!(error["message"].as_str().unwrap().starts_with("STM32F407XX: "), "{error}");
    page.say("\"board\"");
    let answer = loop {
        let (head, _) = page.any();
        if head["kind"] == "board" || head["kind"] == "error" {
            break head;
        }
    };
    if answer["kind"] == "board" {
        // A real board is left alone.
        assert!(answer["probe"].as_str().is_some_and(|probe| probe.contains(':')), "{answer}");
        return;
    }
    let message = "probe: no debug probe is connected; plug one in";
    assert!(answer["about"] == "board" && answer["message"].as_str().unwrap().starts_with(message), "{answer}");
    page.ask(&json!({"run": {"chip": "STM32F407VG"}}));
    let (error, _) = page.answer("error");
    assert!(error["about"] == "run" && error["message"].as_str().unwrap().starts_with(message), "{error}");
}

#[test]
fn two_pages_learn_for_themselves() {
    let playground = Playground::start();
    let (mut one, mut other) = (playground.page(), playground.page());
    for page in [&mut one, &mut other] {
        page.ask(&settings("f32", &[3]));
        page.answer("frame");
        page.say("\"frame\"");
    }
    one.say("\"step\"");
    assert_eq!(one.answer("frame").0["epoch"], 1);
    other.ask(&settings("f32", &[2]));
    assert_eq!(other.answer("frame").0["epoch"], 0);
}
