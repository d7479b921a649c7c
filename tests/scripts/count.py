#!/usr/bin/env python3
"""Counts again, by other means, what a run's JSON says of a corpus.

usage: count.py MANIFEST REPORT

From the manifest: messages and campaigns by label. From the report's own message rows: hits of
each rule by label, flagged messages, the confusion matrix of every action, the area under the ROC
curve by comparing every pair of scores, Wilson's interval from its definition (the roots of a
quadratic equation) and Clopper and Pearson's bound by bisection of the binomial sum. Prints what
differs and exits with 1 if anything does.
"""

import bisect
import collections
import csv
import json
import math
import sys

manifest, report = sys.argv[1:3]
run = json.load(open(report, encoding="utf-8"))
wrong = []


def same(what, ours, theirs, within=0.0):
    if ours is None or theirs is None:
        equal = ours is theirs
    else:
        equal = abs(ours - theirs) <= within
    if not equal:
        wrong.append(f"{what}: counted {ours}, the report says {theirs}")


def wilson(hits, of):
    """The rates p with (hits/of - p)^2 = z^2 p (1 - p) / of."""
    if of == 0:
        return 0.0, 1.0
    z2, rate = 1.959963984540054**2, hits / of
    a, b, c = 1 + z2 / of, -(2 * rate + z2 / of), rate * rate
    root = math.sqrt(max(b * b - 4 * a * c, 0.0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def upper(hits, of):
    """The rate at which so few hits come one time in twenty."""
    if of == 0 or hits >= of:
        return 1.0
    def tail(p):
        logs = (math.lgamma(of + 1) - math.lgamma(k + 1) - math.lgamma(of - k + 1) + k * math.log(p) + (of - k) * math.log1p(-p) for k in range(hits + 1))
        return sum(math.exp(x) for x in logs)
    low, high = 1e-15, 1 - 1e-15
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle) > 0.05 else (low, middle)
    return (low + high) / 2


def check_proportion(what, hits, of, theirs):
    same(f"{what} hits", hits, theirs["hits"])
    same(f"{what} of", of, theirs["of"])
    low, high = wilson(hits, of)
    same(f"{what} low", low, theirs["low"], 1e-9)
    same(f"{what} high", high, theirs["high"], 1e-9)


listed = {row["file"]: row for row in csv.DictReader(open(manifest, encoding="utf-8"))}
rows = {row["id"]: row for row in run["messages"]}
if set(listed) != set(rows):
    wrong.append(f"{len(set(listed) ^ set(rows))} messages are in one of manifest and report only")



def campaign(name):
    """A message without a campaign is one of its own."""
    return listed[name].get("cluster") or listed[name].get("campaign") or name


labels = collections.Counter(row["label"] for row in listed.values())
same("labels", len(labels), len(run["labels"]))
for stats in run["labels"]:
    label = stats["label"]
    same(f"{label} messages", labels[label], stats["messages"])
    own = [name for name, row in listed.items() if row["label"] == label]
    campaigns = {campaign(name) for name in own}
    same(f"{label} campaigns", len(campaigns), stats["campaigns"])
    check_proportion(f"{label} flagged", sum(rows[name]["action"] != "accept" for name in own), len(own), stats["flagged"])
    check_proportion(f"{label} hit", sum(bool(rows[name]["matched"]) for name in own), len(own), stats["hit"])

positive = [name for name, row in listed.items() if row["label"] in run["roles"]["positive"]]
negative = [name for name, row in listed.items() if row["label"] in run["roles"]["negative"]]

for index, rule in enumerate(run["rules"]):
    hit = {name for name, row in rows.items() if index in row["matched"]}
    same(f"{rule['name']} hits", len(hit), rule["hits"])
    for side, names in (("positive", positive), ("negative", negative)):
        found = [name for name in names if name in hit]
        check_proportion(f"{rule['name']} {side}", len(found), len(names), rule[side])
        sizes = collections.Counter(campaign(name) for name in names)
        hits = collections.Counter(campaign(name) for name in found)
        weighted = sum(hits[cluster] / sizes[cluster] for cluster in hits) / len(sizes) if sizes else 0.0
        same(f"{rule['name']} {side} campaigns", len(hits), rule[f"{side}_campaigns"]["hit"])
        same(f"{rule['name']} {side} weighted", weighted, rule[f"{side}_campaigns"]["weighted_rate"], 1e-9)
        only = sum(rows[name]["matched"] == [index] for name in found)
        same(f"{rule['name']} {side} unique", only, rule["unique"][side])
    false = sum(name in hit for name in negative)
    same(f"{rule['name']} upper", upper(false, len(negative)), rule["false_positive_upper"], 1e-7)
    spam = 100 * sum(name in hit for name in positive) / len(positive) if positive else 0.0
    ham = 100 * false / len(negative) if negative else 0.0
    same(f"{rule['name']} S/O", spam / (spam + ham) if spam + ham else None, rule["frequencies"]["so"], 1e-9)

order = ["accept"] + [action["action"] for action in run["actions"]]
for action in run["actions"]:
    least = order.index(action["action"])
    taken = {name for name, row in rows.items() if order.index(row["action"]) >= least}
    tp, fp = len(taken & set(positive)), len(taken & set(negative))
    for key, value in (("tp", tp), ("fp", fp), ("fn", len(positive) - tp), ("tn", len(negative) - fp)):
        same(f"{action['action']} {key}", value, action[key])
    f1 = 2 * tp / (2 * tp + fp + len(positive) - tp) if positive or fp else None
    same(f"{action['action']} F1", f1, action["f1"]["value"], 1e-9)

if positive and negative:
    scores = sorted(rows[name]["score"] for name in negative)
    wins = sum(
        bisect.bisect_left(scores, rows[name]["score"]) / 2 + bisect.bisect_right(scores, rows[name]["score"]) / 2
        for name in positive
    )
    same("AUC", wins / len(positive) / len(scores), run["curves"]["roc_auc"]["value"], 1e-9)

for line in wrong[:50]:
    print(line)
print(f"{len(rows)} messages, {len(run['rules'])} rules, {len(wrong)} difference(s)")
sys.exit(1 if wrong else 0)
