//! The HTTP interface.

use super::support::{Client, MAIL, RULES, Server, TOKEN, folder, mail, pack, until, write};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

#[test]
fn scan_decides_and_says_who_decided() {
    let server = Server::start("scan", "");
    for (subject, action, rule) in [
        ("hello", "accept", None),
        ("tag me", "tag", Some("demo/tagged")),
        ("hold me", "quarantine", Some("demo/held")),
        ("refuse me", "reject", Some("demo/refused")),
        ("defer me", "tempfail", Some("demo/deferred")),
    ] {
        let response = server.scan(&mail(subject));
        assert_eq!(response.status, 200);
        let verdict = response.json();
        assert_eq!(verdict["action"], action, "{verdict}");
        assert_eq!(verdict["matches"][0]["rule"].as_str(), rule);
        assert_eq!((&verdict["generation"], &verdict["packs"][0]["version"]), (&1.into(), &"1.2.3".into()));
        assert_eq!(verdict["packs"][0]["digest"].as_str().map(str::len), Some(64));
        assert_eq!(verdict["digest"].as_str().map(str::len), Some(64));
        assert!(verdict.get("stale").is_none() && verdict["matches"][0].get("evidence").is_none());
    }
    let explained = server.request("POST", "/v1/scan?evidence=true", &[], mail("tag me").as_bytes()).json();
    assert!(explained["matches"][0]["evidence"].is_object(), "{explained}");
    let logged = server.logged("a line a message", |line| line["action"] == "reject");
    assert_eq!((&logged["rules"], &logged["protocol"]), (&"demo/refused".into(), &"http".into()));
    let all = format!("{:?}", server.lines());
    for secret in ["refuse me", "ann@example.com", "plain text", "bob@"] {
        assert!(!all.contains(secret), "the log tells `{secret}`");
    }
}

#[test]
fn one_connection_carries_many_requests_and_a_unix_socket_does_too() {
    let server = Server::start("many", "");
    let mut client = Client::connect(&server.http());
    for _ in 0..20 {
        assert_eq!(client.request("POST", "/v1/scan", &[], MAIL.as_bytes()).json()["action"], "accept");
    }
    let here = folder("unix");
    pack(&here, RULES);
    let socket = here.join("s");
    // Left behind by a process that was killed.
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("a socket"));
    write(&here.join("ruleeval.yaml"), "{}");
    let mut server = Server::again(here, &["--http", &format!("unix:{}", socket.display())]);
    let mut stream = UnixStream::connect(&socket).expect("it listens");
    stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.contains("200 OK") && answer.contains("\"status\":\"ok\""), "{answer}");
    server.signal("TERM");
    assert_eq!(server.ended(), 0);
    assert!(!socket.exists());
}

#[test]
fn a_broken_pack_changes_nothing_and_is_told_everywhere() {
    let server = Server::start("stale", "");
    pack(&server.folder, "rule broken {");
    server.logged("refused", |line| {
        line["level"] == "ERROR" && line["message"].as_str().is_some_and(|text| text.starts_with("packs refused"))
    });
    let verdict = server.scan(&mail("tag me")).json();
    assert_eq!((&verdict["action"], &verdict["generation"]), (&"tag".into(), &1.into()));
    assert_eq!(verdict["stale"]["kind"], "compile");
    assert!(verdict["stale"]["since"].as_str().is_some_and(|since| since.ends_with('Z')));
    let health = server.get("/healthz");
    assert_eq!((health.status, &health.json()["status"]), (200, &"degraded".into()));
    assert_eq!(server.get("/readyz").status, 200);
    let packs = server.get("/v1/packs").json();
    assert!(packs["stale_details"].as_str().is_some_and(|text| text.contains("demo.rule:1")), "{packs}");
    let metrics = server.get("/metrics").text();
    for line in ["ruleeval_stale 1", "ruleeval_generation 1", "ruleeval_reloads_total{outcome=\"refused\"} 1"] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    let header = server.request("POST", "/checkv2", &[], MAIL.as_bytes()).json();
    let header = header["milter"]["add_headers"]["X-Ruleeval-Result"]["value"].as_str().map(str::to_owned);
    assert!(header.is_some_and(|text| text.contains("stale=2")));

    let refused = server.reload();
    assert_eq!((refused.status, &refused.json()["outcome"]), (409, &"refused".into()));
    pack(&server.folder, &RULES.replace("tag me", "mark me"));
    assert_eq!(server.reload().status, 200);
    let verdict = server.scan(&mail("mark me")).json();
    assert_eq!((&verdict["action"], &verdict["generation"]), (&"tag".into(), &2.into()));
    assert!(verdict.get("stale").is_none());
    assert_eq!(server.get("/healthz").json()["status"], "ok");
    assert!(server.get("/metrics").text().contains("ruleeval_stale 0"));
}

#[test]
fn tests_that_are_known_to_fail_refuse_nothing_until_their_day() {
    let here = folder("known");
    let failing =
        "rule known { when: subject.subject contains \"other\" tests: matches \"\"\"\n  Subject: x\n\n  x\n\"\"\" }\n";
    pack(&here, &format!("{RULES}{failing}"));
    let baseline = |expires: &str| {
        let entry = format!("- {{ test: demo/known inline, reason: new wording, owner: ann, expires: {expires} }}\n");
        write(&here.join("pack/baseline.yaml"), &entry);
    };
    baseline("2999-01-01");
    let server = Server::run(here.clone(), "reload: { notify: false, poll_seconds: 3600 }");
    server.logged("told", |line| line["level"] == "WARN" && line["test"] == "demo/known inline");
    baseline("2020-01-01");
    let refused = server.reload();
    assert_eq!((refused.status, &refused.json()["stale"]["kind"]), (409, &"tests".into()));
    baseline("2999-01-01");
    assert_eq!(server.reload().status, 200);
    assert_eq!(server.get("/healthz").json()["status"], "ok");
}

#[test]
fn hang_up_reloads_and_the_configuration_with_it() {
    let server = Server::start("hangup", "reload: { notify: false, poll_seconds: 3600 }");
    pack(&server.folder, &RULES.replace("tag me", "mark me"));
    server.signal("HUP");
    until("reloaded", || server.get("/healthz").json()["generation"] == 2);
    let config = std::fs::read_to_string(server.folder.join("ruleeval.yaml")).expect("a file");
    write(&server.folder.join("ruleeval.yaml"), &format!("org_domains: [example.org]\n{config}"));
    assert_eq!(server.reload().json()["outcome"], "swapped");
    write(&server.folder.join("ruleeval.yaml"), "nonsense: 1\n");
    assert_eq!(server.reload().json()["stale"]["kind"], "unreadable");
}

#[test]
fn what_changes_state_needs_the_token() {
    let server = Server::start("token", "");
    for wrong in ["", "Bearer", "Bearer wrong", "Basic correct-horse-battery", "Bearer correct-horse-batterx"] {
        for path in ["/v1/reload", "/v1/release?rule=demo/tagged"] {
            let response = server.request("POST", path, &[("Authorization", wrong)], b"");
            assert_eq!((response.status, &*response.error()), (401, "token"), "{wrong}");
            assert!(response.head.to_lowercase().contains("www-authenticate: bearer"));
        }
    }
    assert_eq!(server.reload().json()["outcome"], "unchanged");
    let here = folder("no_token");
    pack(&here, RULES);
    write(&here.join("ruleeval.yaml"), "{}");
    let server = Server::again(here, &["--http", "127.0.0.1:0"]);
    let response = server.request("POST", "/v1/reload", &[("Authorization", &format!("Bearer {TOKEN}"))], b"");
    assert_eq!((response.status, &*response.error()), (403, "no_token"));
}

#[test]
fn a_rule_that_runs_wild_is_held_told_of_remembered_and_released_by_hand() {
    let here = folder("breaker");
    pack(&here, RULES);
    let rates = r#"{"schema":"ruleeval-rates/1","rules":{"demo/tagged":{"hits":1,"of":9000,"low":0,"high":0.001}}}"#;
    write(&here.join("rates.json"), rates);
    let service = "breaker: { rates: rates.json, state: held.json, least: 20 }";
    let mut server = Server::run(here.clone(), service);
    let mut client = Client::connect(&server.http());
    let actions: Vec<String> = (0..30)
        .map(|_| client.request("POST", "/v1/scan", &[], mail("tag me").as_bytes()).json()["action"].to_string())
        .collect();
    assert_eq!(actions.iter().filter(|action| **action == "\"tag\"").count(), 20, "{actions:?}");
    server.logged("told", |line| line["level"] == "ERROR" && line["rule"] == "demo/tagged");
    let metrics = server.get("/metrics").text();
    for line in ["ruleeval_rules_held 1", "ruleeval_breaker_trips_total{rule=\"demo/tagged\"} 1"] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    assert_eq!(server.get("/healthz").json()["held"][0], "demo/tagged");
    let packs = server.get("/v1/packs").json();
    assert_eq!((&packs["held"][0]["hits"], &packs["held"][0]["of"]), (&20.into(), &20.into()), "{packs}");
    assert_eq!(packs["watched"][0]["rule"], "demo/tagged");

    server.signal("TERM");
    assert_eq!(server.ended(), 0);
    let server = Server::again(here, &["--http", "127.0.0.1:0"]);
    let verdict = server.scan(&mail("tag me")).json();
    assert_eq!((&verdict["action"], &verdict["held"][0]), (&"accept".into(), &"demo/tagged".into()));
    assert_eq!(verdict["matches"][0]["mode"], "shadow");
    let token = format!("Bearer {TOKEN}");
    let release = |rule: &str| {
        server.request("POST", &format!("/v1/release?rule={rule}"), &[("Authorization", &token)], b"").status
    };
    assert_eq!((release("demo/other"), release("demo/tagged"), release("demo/tagged")), (404, 200, 404));
    assert_eq!(server.scan(&mail("tag me")).json()["action"], "tag");
}

#[test]
fn an_envelope_is_read_or_refused() {
    let server = Server::start("envelope", "");
    let good = [
        ("Client-IP", "192.0.2.7"),
        ("Client-Helo", "mx.example.com"),
        ("Mail-From", "<ann@example.com>"),
        ("Rcpt-To", "bob@example.org"),
        ("Rcpt-To", "eve@example.org"),
        ("Queue-ID", "4711"),
    ];
    assert_eq!(server.request("POST", "/v1/scan", &good, MAIL.as_bytes()).status, 200);
    server.logged("the queue's id", |line| line["queue_id"] == "4711");
    let bad = server.request("POST", "/v1/scan", &[("Client-IP", "nowhere")], MAIL.as_bytes());
    assert_eq!((bad.status, &*bad.error()), (400, "envelope"));
}

#[test]
fn a_service_that_ends_answers_what_is_under_way() {
    let mut server = Server::start("drain", "");
    let mut client = Client::connect(&server.http());
    let body = mail("tag me");
    let head = format!("POST /v1/scan HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    client.send(head.as_bytes());
    client.send(&body.as_bytes()[..20]);
    // It has begun to read this request once another one is answered after it.
    server.get("/healthz");
    std::thread::sleep(std::time::Duration::from_millis(50));
    server.signal("TERM");
    server.logged("ending", |line| line["message"].as_str().is_some_and(|text| text.starts_with("ending")));
    client.send(&body.as_bytes()[20..]);
    assert_eq!(client.response().expect("an answer").json()["action"], "tag");
    assert_eq!(server.ended(), 0);
}

#[test]
fn what_cannot_start_says_why() {
    let here = folder("cannot");
    pack(&here, "rule broken {");
    let run = |config: &str| {
        write(&here.join("ruleeval.yaml"), config);
        let output = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("ruleeval"))
            .current_dir(&here)
            .args(["serve", "--rules", "pack", "--http", "127.0.0.1:0"])
            .output()
            .expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, text) = run("{}");
    assert!(code == Some(2) && text.contains("demo.rule:1"), "{text}");
    pack(&here, RULES);
    for (config, word) in [
        ("service: { memory_bytes: 10 }", "memory_bytes"),
        ("service: { breaker: { ratio: 1 } }", "ratio"),
        ("service: { nonsense: 1 }", "nonsense"),
        ("service: { token_file: /nowhere/at/all }", "/nowhere/at/all"),
        ("service: { breaker: { rates: /nowhere/at/all } }", "/nowhere/at/all"),
    ] {
        let (code, text) = run(config);
        assert!(matches!(code, Some(2 | 3)) && text.contains(word), "{code:?} {text}");
    }
}

#[test]
fn the_published_interface_is_the_real_one() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json")).expect("a file");
    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let server = Server::start("openapi", "");
    let paths = document["paths"].as_object().expect("paths");
    assert_eq!(paths.len(), 9);
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            let token = format!("Bearer {TOKEN}");
            let response = server.request(&method.to_uppercase(), path, &[("Authorization", &token)], MAIL.as_bytes());
            let declared = &operation["responses"][response.status.to_string()];
            assert!(declared.is_object(), "{method} {path}: {} is not declared", response.status);
            let mut schema = declared["content"]["application/json"]["schema"].clone();
            if schema.is_null() {
                continue;
            }
            schema["components"] = document["components"].clone();
            let validator = jsonschema::validator_for(&schema).expect("a schema");
            let errors: Vec<String> = validator.iter_errors(&response.json()).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{method} {path}: {errors:?}");
        }
        let other = server.request("DELETE", path, &[], b"");
        assert_eq!((other.status, &*other.error()), (405, "method"), "{path}");
    }
}

#[test]
fn a_pack_s_own_rates_are_watched_and_a_silent_rule_is_told_of_and_left_alone() {
    let here = folder("silent");
    pack(&here, RULES);
    let rates = r#"{"schema":"ruleeval-rates/1","rules":{"demo/tagged":{"hits":900,"of":1000,"low":0.8,"high":0.95}}}"#;
    write(&here.join("pack/rates.json"), rates);
    let server = Server::run(here, "breaker: { least: 5 }");
    assert_eq!(server.get("/v1/packs").json()["watched"][0]["rule"], "demo/tagged");
    let mut client = Client::connect(&server.http());
    for _ in 0..20 {
        client.request("POST", "/v1/scan", &[], MAIL.as_bytes());
    }
    server.logged("told", |line| {
        line["level"] == "WARN"
            && line["rule"] == "demo/tagged"
            && line["message"].as_str().is_some_and(|text| text.starts_with("the rule fell silent"))
    });
    let health = server.get("/healthz").json();
    assert_eq!(
        (&health["status"], &health["silent"][0], &health["held"]),
        (&"ok".into(), &"demo/tagged".into(), &serde_json::json!([]))
    );
    assert!(server.get("/metrics").text().contains("ruleeval_rules_silent 1"));
    assert!(server.get("/v1/packs").json()["watched"][0]["silent_since"].is_string());
    // It counts as before, and is no longer silent.
    assert_eq!(server.scan(&mail("tag me")).json()["action"], "tag");
    assert!(server.get("/metrics").text().contains("ruleeval_rules_silent 0"));
}
