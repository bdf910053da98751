#!/usr/bin/env python3
"""A worker of Berth's workflows in Python, with nothing but the standard library.

    export BERTH_SERVER=http://127.0.0.1:7070 BERTH_KEY=berth_…
    python3 worker.py POOL

It executes steps of the types in HANDLERS. A handler gets the task and a
function to tell progress with; what it returns is the step's output. A step
may be executed more than once, when a worker died: task["key"] is the same
every time, for whatever the handler does elsewhere.
"""
import json
import os
import socket
import sys
import threading
import urllib.request

SERVER = os.environ.get("BERTH_SERVER", "http://127.0.0.1:7070")
KEY = os.environ.get("BERTH_KEY", "")
NAME = f"{socket.gethostname()}-{os.getpid()}"


def words(task, progress):
    text = task["with"]["text"]
    progress(50, "counting")
    return {"words": len(text.split()), "letters": sum(c.isalpha() for c in text)}


HANDLERS = {"words": words}


def call(path, body):
    request = urllib.request.Request(
        f"{SERVER}/api/v1{path}", json.dumps(body).encode(),
        {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=90) as answer:
        return json.load(answer)


def names(task):
    return {"run": task["run"], "step": task["step"], "item": task["item"], "fence": task["fence"]}


def seconds(text):
    """A duration such as 1m30s in seconds."""
    total, number = 0.0, ""
    for part in text.replace("ms", "i"):
        if part in "hmsi":
            total += float(number) * {"h": 3600, "m": 60, "s": 1, "i": 0.001}[part]
            number = ""
        else:
            number += part
    return total


def execute(pool, task):
    """Executes a task, with a heartbeat three times within its lease."""
    state, over = {}, threading.Event()

    def progress(percent, message=""):
        state.update(percent=percent, message=message)

    def beat():
        while not over.wait(seconds(task["lease"]) / 3):
            try:
                answer = call(f"/pools/{pool}/report", {"heartbeat": [{**names(task), **state}]})
                if answer.get("lost"):
                    return  # it is another's now; this result will not count
            except OSError as error:
                print("heartbeat:", error, file=sys.stderr)

    threading.Thread(target=beat, daemon=True).start()
    try:
        return {**names(task), "output": HANDLERS[task["type"]](task, progress)}
    except Exception as error:  # whatever it is, the engine decides what follows
        return {**names(task), "failure": {"code": type(error).__name__, "message": str(error)}}
    finally:
        over.set()


def main(pool):
    done = []
    while True:
        try:
            answer = call(f"/pools/{pool}/poll", {
                "worker": NAME, "types": list(HANDLERS), "max": 1, "wait": "0s" if done else "30s", "complete": done})
        except OSError as error:
            if getattr(error, "code", 0) in (401, 403):
                sys.exit(f"{error}: {error.read().decode()}")
            print("the engine does not answer:", error, file=sys.stderr)
            threading.Event().wait(1)
            continue
        done = answer.get("again", []) and done  # what could not be taken is told again
        done += [execute(pool, task) for task in answer["tasks"]]


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "default")
