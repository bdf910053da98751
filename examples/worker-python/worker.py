#!/usr/bin/env python3
"""A worker for Berth with nothing but Python's standard library.

    BERTH_WORK_URL=https://work.example.com BERTH_WORK_KEY=berth_… ./worker.py POOL

HANDLERS has a function for each step type. It gets the step's "with" and the
Task, and returns the step's output; an exception fails the attempt. One that
takes long looks at task.lost: once that is set, nobody wants its result.
"""
import json, os, signal, sys, threading, time, urllib.error, urllib.request
from concurrent.futures import ThreadPoolExecutor


def words(given, task):
    task.progress(50, "counting")
    task.log("counting " + given["text"])
    return {"words": len(given["text"].split()), "letters": sum(c.isalpha() for c in given["text"])}


HANDLERS = {"words": words}
CONCURRENCY, HEARTBEAT = 4, 3  # at once; seconds: leases are longer, 30 by default


class Task:
    def __init__(self, data):
        self.data, self.lost, self.said, self.lines = data, threading.Event(), {}, []

    def progress(self, percent, message=""):
        self.said = {"percent": percent, "message": message}

    def log(self, line):
        self.lines.append(line + "\n")

    def report(self, **more):
        lines, self.lines = self.lines, []
        held = {key: self.data[key] for key in ("run", "step", "item", "fence")}
        return {**held, **self.said, "log": "".join(lines), **more}

    def execute(self):
        try:
            return self.report(output=HANDLERS[self.data["type"]](self.data.get("with"), self))
        except Exception as e:  # whatever it is, it is the attempt that failed
            return self.report(failure={"code": type(e).__name__, "message": str(e)})


class Worker:
    def __init__(self, url, key, pool):
        self.url, self.key = f"{url}/api/v1/pools/{pool}/", key
        self.tasks, self.results, self.ended = {}, [], threading.Event()

    def call(self, verb, body):
        headers = {"Authorization": "Bearer " + self.key, "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + verb, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def heartbeat(self):
        while True:
            time.sleep(HEARTBEAT)
            tasks = dict(self.tasks)
            try:
                for lost in tasks and self.call("report", {"heartbeat": [t.report() for t in tasks.values()]}).get("lost", []):
                    tasks[lost["fence"]].lost.set()
            except Exception as e:  # the next one tells
                print("heartbeat:", e, file=sys.stderr)

    def ask(self, threads, stopping):
        """Tells what has ended and asks for more, in one call."""
        self.ended.clear()  # before the results are looked at
        done = list(self.results)
        room = 0 if stopping else max(CONCURRENCY - len(self.tasks) + len(done), 0)
        if not room and not done:
            return self.ended.wait(1)
        wait = "0s" if done else "1s" if self.tasks else "5s"
        answer = self.call("poll", {"worker": f"python-{os.getpid()}", "types": list(HANDLERS), "max": room, "wait": wait, "complete": done})
        again = {r["fence"] for r in answer.get("again", [])}
        for result in (r for r in done if r["fence"] not in again):
            self.results.remove(result)
            del self.tasks[result["fence"]]
        for data in answer["tasks"]:
            self.tasks[data["fence"]] = Task(data)
            threads.submit(lambda t: (self.results.append(t.execute()), self.ended.set()), self.tasks[data["fence"]])

    def run(self, stop):
        threading.Thread(target=self.heartbeat, daemon=True).start()
        with ThreadPoolExecutor(CONCURRENCY) as threads:
            while self.tasks or not stop.is_set():
                try:
                    self.ask(threads, stop.is_set())
                except Exception as e:
                    if isinstance(e, urllib.error.HTTPError) and e.code < 500 and e.code != 429:
                        raise SystemExit(f"{e}: {e.read().decode(errors='replace')}")
                    print(f"{self.url}: {e}", file=sys.stderr)
                    time.sleep(1)


if __name__ == "__main__":
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    Worker(os.environ.get("BERTH_WORK_URL", "http://127.0.0.1:7070"), os.environ.get("BERTH_WORK_KEY", ""), (sys.argv + ["default"])[1]).run(stop)
