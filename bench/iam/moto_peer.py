"""Answers the requests of a cases file with moto's own policy evaluator, and
times them. Reads {"cases": [...], "repeat": N} from standard input; writes one
JSON line {"id", "decision"} a case and last {"ns": per answer}.

moto decides with identity policies, and with bucket policies for anybody; it
knows no boundaries, sessions or organisations. Cases that need one of them are
answered with "unsupported"."""

import json
import sys
import time

from moto.iam.access_control import IAMPolicy, PermissionResult


def decide(policies, request):
    """What moto's IAMRequest does with the policies it has collected."""
    permitted = False
    context = {k: v for k, v in request.get("context", {}).items() if isinstance(v, str)}
    for policy in policies:
        answer = policy.is_action_permitted(
            request["action"], request["resource"], incoming_condition_values=context
        )
        if answer == PermissionResult.DENIED:
            return "ExplicitDeny"
        if answer == PermissionResult.PERMITTED:
            permitted = True
    return "Allow" if permitted else "ImplicitDeny"


def documents(case):
    if set(case["policies"]) - {"identity"}:
        return None
    return [json.dumps(p) for p in case["policies"].get("identity", [])]


def answer(texts, request):
    try:
        return decide([IAMPolicy(t) for t in texts], request)
    except Exception:  # noqa: BLE001: whatever it is, it is no answer
        return "failed"


def main():
    given = json.load(sys.stdin)
    asked = [(c["id"], documents(c), c["request"]) for c in given["cases"]]
    for case, texts, request in asked:
        decision = "unsupported" if texts is None else answer(texts, request)
        print(json.dumps({"id": case, "decision": decision}))
    repeat = given.get("repeat", 0)
    if repeat > 0:
        # Documents are read once, as ours are: only deciding is timed.
        ready = [([IAMPolicy(t) for t in texts], request) for _, texts, request in asked if texts is not None]
        begin = time.perf_counter_ns()
        for i in range(repeat):
            decide(*ready[i % len(ready)])
        print(json.dumps({"ns": (time.perf_counter_ns() - begin) / repeat}))


main()
