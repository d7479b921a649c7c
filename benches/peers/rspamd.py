"""A private rspamd without network.

    rspamd.py WORK                       CPU seconds that one worker takes for the messages in WORK/mail
    rspamd.py config WORK PORT WORKERS   prints the configuration, for --var=LOCAL_CONFDIR=WORK/local
"""
import glob
import http.client
import os
import subprocess
import sys
import time

only_config = sys.argv[1] == "config"
work, port, count = sys.argv[2:5] if only_config else (sys.argv[1], "18333", "1")
disabled = ["rbl", "surbl", "dkim", "dkim_signing", "spf", "dmarc", "arc", "asn", "fuzzy_check", "greylist",
            "ratelimit", "replies", "neural", "history_redis", "url_redirector", "mx_check", "hfilter", "external_relay"]
local = os.path.join(work, "local")
os.makedirs(os.path.join(local, "local.d"), exist_ok=True)
for name in disabled:
    with open(os.path.join(local, "local.d", f"{name}.conf"), "w", encoding="utf-8") as file:
        file.write("enabled = false;\n")
config = f"""
.include "$CONFDIR/common.conf"
options {{
  pidfile = "{work}/rspamd.pid";
  dns {{ nameserver = ["127.0.0.1:9"]; timeout = 0.001s; retransmits = 0; }}
  tempdir = "{work}"; rrd = false; stats_file = "{work}/stats.ucl"; history_file = "{work}/history";
  filters = "chartable,dkim,regexp";
}}
logging {{ type = "file"; filename = "{work}/rspamd.log"; level = "warning"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = {count}; enabled = true; }}
classifier "bayes" {{ enabled = false; }}
"""
if only_config:
    print(config)
    sys.exit()
path = os.path.join(work, "rspamd.conf")
with open(path, "w", encoding="utf-8") as file:
    file.write(config)


def children(pid):
    out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(word) for word in out.split()]


def cpu(pids):
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def check(message):
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
    connection.request("POST", "/checkv2", body=message)
    response = connection.getresponse()
    body = response.read()
    assert response.status == 200, (response.status, body[:200])


server = subprocess.Popen(["rspamd", "-f", "-u", "root", "-g", "root", "-i", f"--var=LOCAL_CONFDIR={local}", "-c", path],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    mail = [open(name, "rb").read() for name in sorted(glob.glob(os.path.join(work, "mail", "*.eml")))]
    for _ in range(1200):
        try:
            check(mail[0])
            break
        except OSError:
            time.sleep(0.5)
    workers = children(server.pid)
    before = cpu(workers)
    for message in mail:
        check(message)
    print(f"{cpu(workers) - before:.3f}")
finally:
    server.terminate()
    server.wait(timeout=20)
