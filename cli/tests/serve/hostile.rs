//! Requests that nobody means well with: refused clearly, the service alive, others served.

use super::support::{Client, MAIL, Server, until};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

/// The first line and the error's code of what these bytes are answered with.
fn raw(server: &Server, bytes: &[u8]) -> (u16, String) {
    let mut client = Client::connect(&server.http());
    client.send(bytes);
    client.response().map_or((0, String::new()), |response| {
        let code = serde_json::from_slice::<serde_json::Value>(&response.body).unwrap_or_default();
        (response.status, code["error"]["code"].as_str().unwrap_or("").to_owned())
    })
}

fn serves(server: &Server) {
    let response = server.scan(MAIL);
    assert_eq!((response.status, &response.json()["action"]), (200, &"accept".into()));
}

#[test]
fn malformed_requests_are_refused() {
    let server = Server::start("malformed", "message_bytes: 100000");
    let huge = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(200_000));
    let many = format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n", "a: b\r\n".repeat(5000));
    let scan = |rest: &str| format!("POST /v1/scan HTTP/1.1\r\nHost: x\r\n{rest}");
    let chunked = |chunks: &str| scan(&format!("Transfer-Encoding: chunked\r\n\r\n{chunks}"));
    let chunk = format!("ffff\r\n{}\r\n", "x".repeat(0xffff));
    let cases: Vec<(String, u16, &str)> = vec![
        (huge, 431, ""),
        (many, 431, ""),
        ("\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03".into(), 400, ""),
        ("GET /healthz HTTP/9.9\r\n\r\n".into(), 400, ""),
        (chunked("zz\r\nno number\r\n"), 400, "broken"),
        (chunked("5\r\nabcdefgh\r\n0\r\n\r\n"), 400, "broken"),
        (chunked("ffffffffffffffff1\r\n"), 400, "broken"),
        (chunked(&format!("{chunk}{chunk}0\r\n\r\n")), 413, "too_large"),
        (scan("Content-Length: 200000\r\n\r\n"), 413, "too_large"),
        (scan("Content-Length: -1\r\n\r\n"), 400, ""),
        (scan("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), 400, ""),
        (scan("Content-Encoding: zstd\r\nContent-Length: 2\r\n\r\nxx"), 415, "encoding"),
        ("POST /v1/scan?evidence=perhaps HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".into(), 400, "query"),
        ("POST /v1/scan?file=/etc/passwd HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".into(), 400, "query"),
        ("GET /v1/../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n".into(), 404, "not_found"),
        ("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n".into(), 404, "not_found"),
        ("GET //healthz HTTP/1.1\r\nHost: x\r\n\r\n".into(), 404, "not_found"),
        ("GET /v1/scan HTTP/1.1\r\nHost: x\r\n\r\n".into(), 405, "method"),
    ];
    for (request, status, code) in cases {
        let shown = &request[..request.len().min(80)];
        assert_eq!(raw(&server, request.as_bytes()), (status, code.to_owned()), "{shown:?}");
        serves(&server);
    }
    assert!(server.lines().iter().all(|line| line["message"] != "a task ended by a panic"));
}

#[test]
fn no_file_is_read_for_a_client() {
    let server = Server::start("files", "");
    for header in ["File", "Path", "Shm", "Shm-Offset"] {
        let refused = server.request("POST", "/checkv2", &[(header, "/etc/passwd")], MAIL.as_bytes());
        assert_eq!((refused.status, &*refused.error()), (400, "path_input"), "{header}");
    }
    for path in ["/checkv2?file=/etc/passwd", "/checkv2?a=b&Path=/etc/passwd"] {
        let refused = server.request("POST", path, &[], MAIL.as_bytes());
        assert_eq!((refused.status, &*refused.error()), (400, "path_input"), "{path}");
    }
}

#[test]
fn slow_clients_are_cut_off_and_others_served() {
    let server = Server::start("slow", "seconds: { header: 1, body: 1 }");
    let mut header = Client::connect(&server.http());
    header.send(b"GET /healthz HT");
    let mut body = Client::connect(&server.http());
    body.send(b"POST /v1/scan HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nFrom:");
    let mut silent = Client::connect(&server.http());
    let dripping = server.http();
    let drip = std::thread::spawn(move || {
        let mut client = Client::connect(&dripping);
        client.send(b"POST /v1/scan HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        for _ in 0..30 {
            client.send(b"1\r\nx\r\n");
            std::thread::sleep(Duration::from_millis(100));
        }
        client.response().map(|response| response.status)
    });
    serves(&server);
    assert_eq!(body.response().map(|response| (response.status, response.error())), Some((408, "slow".into())));
    assert!(header.response().is_none_or(|response| response.status == 408), "closed, or told");
    assert!(silent.response().is_none_or(|response| response.status == 408), "closed, or told");
    assert!(matches!(drip.join().expect("no panic"), Some(408) | None));
    serves(&server);
}

#[test]
fn idle_connections_keep_nobody_out() {
    // Of this process and the service: as many as the system allows at all.
    let raised = format!("--nofile={}:", 1 << 14);
    let _ = Command::new("prlimit").args(["--pid", &std::process::id().to_string(), &raised]).status();
    let limit = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limit.lines().find(|line| line.starts_with("Max open files"));
    let files: usize = files.and_then(|line| line.split_whitespace().nth(3)?.parse().ok()).unwrap_or(1024);
    // This process holds the other end of each.
    let idle = (files.saturating_sub(200)).min(10_000);
    let server = Server::start("idle", "connections: 500\nseconds: { header: 120 }");
    let address = server.http();
    let kept: Vec<TcpStream> = (0..idle)
        .map(|number| {
            if number % 1000 == 999 {
                serves(&server);
            }
            TcpStream::connect(&address).expect("taken, even if it has to go again")
        })
        .collect();
    serves(&server);
    let metrics = server.get("/metrics").text();
    let open = metrics.lines().find_map(|line| line.strip_prefix("ruleeval_connections{listener=\"http\"} "));
    let open: usize = open.and_then(|number| number.parse().ok()).expect("a number");
    assert!(open <= 500, "{open} of {} are open", kept.len());
    drop(kept);
    until("the places are free again", || {
        let metrics = server.get("/metrics").text();
        metrics.contains("ruleeval_connections{listener=\"http\"} 1\n")
    });
}

#[test]
fn without_file_descriptors_idle_connections_give_way() {
    let server = Server::start("descriptors", "connections: 1000\nseconds: { header: 120 }");
    let limited = Command::new("prlimit").args(["--pid", &server.pid().to_string(), "--nofile=100:100"]).status();
    if !limited.is_ok_and(|status| status.success()) {
        println!("skipped: no prlimit here");
        return;
    }
    let address = server.http();
    let kept: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(&address).expect("queued at least")).collect();
    serves(&server);
    server.logged("told", |line| line["message"] == "no connection could be taken: an idle one gives way");
    drop(kept);
    serves(&server);
}

#[test]
fn memory_for_messages_is_bounded() {
    let server = Server::start("memory", "message_bytes: 3000000\nmemory_bytes: 8000000\nseconds: { body: 5 }");
    let before = server.resident();
    // Twelve messages of 3 MB at once, none of them complete: 36 MB where 8 may be held.
    let part = format!("POST /v1/scan HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n{}", "x".repeat(2_900_000));
    let address = server.http();
    let clients: Vec<_> = (0..12)
        .map(|_| {
            let (part, address) = (part.clone(), address.clone());
            std::thread::spawn(move || {
                let mut client = Client::connect(&address);
                client.send(part.as_bytes());
                client.response().map_or(0, |response| response.status)
            })
        })
        .collect();
    let answers: Vec<u16> = clients.into_iter().map(|client| client.join().expect("no panic")).collect();
    assert!(answers.iter().all(|status| matches!(status, 503 | 408 | 0)), "{answers:?}");
    assert!(answers.contains(&503), "{answers:?}");
    let grown = server.resident().saturating_sub(before);
    assert!(grown < 8 * 1000 + 24 * 1024, "{grown} KiB more");
    serves(&server);
    assert!(server.get("/metrics").text().contains("ruleeval_memory_free_bytes 8000000"));
}

#[test]
fn deciding_counts_against_the_bound_on_memory() {
    // Eight workers that read a megabyte of text at once would take above 140 MB.
    let server = Server::start(
        "deciding",
        "message_bytes: 1100000\nmemory_bytes: 40000000\nworkers: 8\nseconds: { answer: 300 }",
    );
    let line = "The figures are at https://www.example.com/q and +1 555 0100 tells more.\r\n";
    let message = format!("{MAIL}{}", line.repeat(1_000_000 / line.len()));
    let before = server.resident();
    let mut most = before;
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(|| server.scan(&message).status)).collect();
        while !clients.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            most = most.max(server.resident());
            std::thread::sleep(Duration::from_millis(5));
        }
        for client in clients {
            assert_eq!(client.join().expect("no panic"), 200, "all of them, one after the other");
        }
    });
    let grown = most - before;
    assert!(grown < 40_000 + 24 * 1024, "{grown} KiB more");
}
