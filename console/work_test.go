package console_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/console"
	"github.com/berth-project/berth/work"
	workengine "github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

func TestPagesOfWorkStandWhateverThereIs(t *testing.T) {
	t.Parallel()
	marks := regexp.MustCompile(`(?i)<script>|<img|href="javascript:|\x1b|\x{202e}|\r`)
	for name, word := range map[string]string{"plain": "quickly", "hostile": hostile} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := openBusyWork(t, word)
			waitFor(t, "an event to be given up", func() bool {
				dead, _, err := b.Dead(t.Context(), store.DeadFilter{}, "", 10)
				return err == nil && len(dead) > 0
			})
			src := b.sources()
			src.QueueHistory = console.NewQueueHistory(b.Queues)
			for i := range 3 {
				src.QueueHistory.LookAt(t.Context(), time.Now().Add(time.Duration(i-3)*time.Minute))
			}
			c := newConsole(t, console.Config{}, src)
			for _, path := range append(b.paths(), "/") {
				for _, fragment := range []string{"", "true"} {
					w := ask(c, "GET", path, "", "HX-Request", fragment)
					body := w.Body.String()
					if w.Code != http.StatusOK {
						t.Errorf("GET %s = %d %.300s", path, w.Code, body)
					}
					if n := strings.Count(body, "<h1"); fragment == "" && n != 1 {
						t.Errorf("GET %s has %d headings of the first level, want 1", path, n)
					}
					if strings.Contains(body, "no value") || strings.Contains(body, "%!") {
						t.Errorf("GET %s shows a value it does not have", path)
					}
					if m := marks.FindString(body); m != "" {
						t.Errorf("GET %s holds %q alive", path, m)
					}
				}
			}
		})
	}
}

// TestPagesOfWorkNameTheirCommands: the command has the page's filters, and
// nothing in an address can end its quotes.
func TestPagesOfWorkNameTheirCommands(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, "quickly")
	c := newConsole(t, console.Config{}, b.sources())
	id := b.done.String()
	for path, want := range map[string]string{
		"/runs": "berth workflow list",
		"/runs?state=failed&tenant=zeta&since=1h&after=": "berth workflow list --state failed --tenant zeta --since 1h",
		"/runs?text=it%27s+%24(id)":                      `berth workflow list --text 'it'\''s $(id)'`,
		"/runs/" + id:                                    "berth workflow show " + id,
		"/runs/" + id + "?view=log":                      "berth workflow logs " + id,
		"/runs/" + id + "?view=history":                  "berth workflow history " + id,
		"/runs/" + id + "/steps/large":                   "berth workflow logs " + id + " large",
		"/definitions":                                   "berth workflow definitions",
		"/definitions/media":                             "berth workflow definitions media --document 1",
		"/queues":                                        "berth queue list",
		"/queues/bulk":                                   "berth queue show bulk",
		"/pools":                                         "berth pool list",
		"/schedules":                                     "berth schedule list",
		"/tenants":                                       "berth workflow tenant list",
		"/dead?kind=run.failed&tenant=acme":              "berth workflow dead list --tenant acme --kind run.failed",
	} {
		body := html.UnescapeString(ask(c, "GET", path, "").Body.String())
		if !strings.Contains(body, `<code class="command">`+want+`</code>`) {
			t.Errorf("GET %s does not show the command %q", path, want)
		}
	}
}

func TestPagesOfWorkSayWhatThereIs(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, "quickly")
	c := newConsole(t, console.Config{}, b.sources())
	run := func(id interface{ String() string }, rest string) string { return "/runs/" + id.String() + rest }
	for path, wants := range map[string][]string{
		"/": {`href="/runs"`, "</b> running", "started per second", `<b class="fail">1</b> failed in 24 h`},
		"/runs": {
			b.failed.String(), "broken", "exit.3", "✓", ">succeeded<", ">failed<", ">held<", "6 runs",
		},
		"/runs?state=failed":              {b.failed.String(), "1 run"},
		"/runs?text=" + b.queued.String(): {b.queued.String()},
		"/runs?text=none":                 {"No run matches"},
		run(b.done, ""):                   {`<svg`, `id="step-probe"`, `class="node ok"`, "succeeded", "clean", "thumbs"},
		run(b.done, "?view=timeline"):     {"in the queue", "attempt 1 failed", "attempt 2 succeeded", "waited to try again"},
		run(b.done, "?view=log"):          {"<b>large</b>", "  an indented line quickly", `aria-current="page">Log`},
		run(b.done, "?view=history"):      {"submitted", "started", "finished", "exit.3", "<td class=\"p2\">succeeded in ", "<td class=\"p2\">failed in "},
		run(b.done, "?view=data"):         {"film quickly", "Labels"},
		run(b.failed, ""):                 {"Failed at", "exit.3", "the disk is full quickly", "Retry from failure", "only what leads to the failure", "1 of 3 succeeded, 1 failed, 1 skipped"},
		run(b.failed, "?show=failed"):     {"only what leads to a failure", `id="step-b"`},
		run(b.running, ""):                {"Where it stands", "is executed by", "Cancel", "Pause"},
		run(b.asking, ""):                 {"waits for approval: ship it? <a", "Decide", "0 of 2 succeeded, 0 %"},
		run(b.asking, "/signal"):          {"asks: ship it?", "Approve"},
		run(b.done, "/delete"):            {`class="danger">Delete the run`},
		run(b.queued, ""):                 {"Queue &#34;bulk&#34; is paused", "Move"},
		run(b.held, ""):                   {"held until somebody releases it", "Queue now"},
		run(b.done, "/steps/large"):       {"Attempts", ">failed<", ">succeeded<", "begin of large", "  an indented line quickly", "attempt 2</span>"},
		run(b.done, "/steps/thumbs"):      {"Items", "3: 3 succeeded", "3 attempts of the items", "an indented line"},
		run(b.done, "/reset?step=small"):  {"3 steps run again", "small, package, clean", `name="sure"`},
		"/definitions":                    {"media", "Makes a film ready", "all tenants"},
		"/definitions/media":              {"Source", "where the film is", `value="640"`, "<option selected>low</option>", "Start a run", `<option>true</option>`},
		"/queues":                         {"bulk", "paused", "default"},
		"/queues/bulk":                    {"Waiting longest", b.queued.String(), "Resume", "acme"},
		"/pools":                          {"gpu", "default", "encode"},
		"/schedules":                      {"nightly", "0 3 * * *", "Europe/Berlin", "Run now", "03:00 CE", ">never<"},
		"/tenants":                        {"acme", "zeta", "Suspend"},
		"/tenants/zeta/limits":            {`name="weight" value="3"`, `name="running" value="50"`},
	} {
		body := ask(c, "GET", path, "").Body.String()
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("GET %s lacks %q", path, want)
			}
		}
	}
	if body := ask(c, "GET", "/runs?state=failed", "").Body.String(); strings.Contains(body, b.done.String()) {
		t.Error("the list of failed runs has one that succeeded")
	}
	if body := ask(c, "GET", run(b.failed, "?show=failed"), "").Body.String(); strings.Contains(body, `id="step-c"`) {
		t.Error("what leads to the failure has a step behind it")
	}
}

func TestPagesOfWorkAreAbsentWithoutWork(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, console.Sources{})
	for _, path := range []string{"/runs", "/queues", "/pools", "/dead", "/schedules", "/definitions", "/tenants", "/runs/r0000000000001/steps/a/log", "/queues/a/pause"} {
		if w := ask(c, "GET", path, ""); w.Code != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", path, w.Code)
		}
	}
	if body := ask(c, "GET", "/", "").Body.String(); strings.Contains(body, `href="/runs"`) {
		t.Error("a service without work has rooms of work")
	}
}

func TestWhatIsNotThereIsSaidToBe(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, "quickly")
	c := newConsole(t, console.Config{}, b.sources())
	for path, want := range map[string]int{
		"/runs/none": 404, "/runs/r0000000000001": 404, "/runs/" + b.done.String() + "/steps/none": 404, "/runs/" + b.done.String() + "?view=none": 400,
		"/runs?state=none": 400, "/runs?since=yesterday": 400, "/runs?parent=x": 400, "/runs?after=x": 400, "/queues/none": 404,
		"/definitions/none": 404, "/definitions/media?version=x": 400, "/definitions/media?version=9": 404, "/dead?run=x": 400,
		"/runs/" + b.done.String() + "/cancel": 409, "/runs/" + b.running.String() + "/retry": 409, "/runs/" + b.running.String() + "/delete": 409,
		"/runs/" + b.done.String() + "/none": 404, "/queues/bulk/none": 404, "/runs/" + b.done.String() + "/reset?step=none": 400,
	} {
		w := ask(c, "GET", path, "")
		if w.Code != want {
			t.Errorf("GET %s = %d, want %d", path, w.Code, want)
		}
		room, _, _ := strings.Cut(path[1:], "/")
		room, _, _ = strings.Cut(room, "?")
		if back := `<a class="button" href="/` + room + `">`; !strings.Contains(w.Body.String(), back) {
			t.Errorf("GET %s lacks the way back %s", path, back)
		}
	}
	body := ask(c, "GET", "/runs/r0000000000001", "").Body.String()
	if !strings.Contains(body, "<p>There is no run r0000000000001.</p>") {
		t.Error("a run that is not there is not said to be missing in one sentence")
	}
}

func TestDestinationsAreAddressesOrNames(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]string{
		"ops": "ops",
		`callback:{"to":"https://caller.example/done","on":["run.*"]}`: "https://caller.example/done",
		`callback:{}`: `callback:{}`,
	} {
		if got := console.Destination(to); got != want {
			t.Errorf("Destination(%q) = %q, want %q", to, got, want)
		}
	}
}

// scheduled is an engine whose schedules have started a run.
type scheduled struct {
	*workengine.Engine
	run workflow.RunID
}

func (s scheduled) Schedules(tenants []string) []work.Schedule {
	all := s.Engine.Schedules(tenants)
	for i := range all {
		all[i].Last, all[i].LastRun = time.Now().UnixMilli(), s.run
	}
	return all
}

func TestAScheduleSaysWhatBecameOfItsLastRun(t *testing.T) {
	t.Parallel()
	w := openWork(t, "quickly")
	w.put("quickly")
	id, err := w.RunSchedule(t.Context(), "nightly", "somebody")
	if err != nil {
		t.Fatal(err)
	}
	w.until(id, "the run to end", final)
	c := newConsole(t, console.Config{}, console.Sources{Work: scheduled{w.Engine, id}})
	body := ask(c, "GET", "/schedules", "").Body.String()
	for _, want := range []string{">succeeded<", id.String()} {
		if !strings.Contains(body, want) {
			t.Errorf("GET /schedules lacks %q", want)
		}
	}
}

func TestPagesOfWorkHaveTwins(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, "quickly")
	c := newConsole(t, console.Config{}, b.sources())
	for path, wants := range map[string][]string{
		"/runs.json?state=failed":                        {"berth.console.runs/1", b.failed.String(), `"failure": "exit.3"`},
		"/runs/" + b.done.String() + ".json":             {"berth.console.run/1", `"status": "succeeded"`, "film quickly"},
		"/runs/" + b.done.String() + "/steps/large.json": {"berth.console.step/1", "exit.3", "begin of large"},

		"/queues.json":            {"berth.console.queues/1", `"waiting": 1`},
		"/queues/bulk.json":       {"berth.console.queue/1", b.queued.String(), "fair_share"},
		"/pools.json":             {"berth.console.pools/1", "gpu"},
		"/schedules.json":         {"berth.console.schedules/1", "nightly", `"next"`},
		"/dead.json":              {"berth.console.dead/1"},
		"/definitions.json":       {"berth.console.definitions/1", "media"},
		"/definitions/media.json": {"berth.console.definition/1", "thumbs"},
		"/tenants.json":           {"berth.console.tenants/1", "zeta"},
		"/overview.json":          {`"running"`, `"oldest_seconds"`},
	} {
		w := ask(c, "GET", path, "")
		var doc struct {
			Schema string
			Data   any
		}
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != http.StatusOK {
			t.Errorf("GET %s = %d, %v: %.200s", path, w.Code, err, w.Body.String())
		}
		for _, want := range wants {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("GET %s lacks %q", path, want)
			}
		}
	}
}

func TestPagesOfWorkAreSmall(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, "quickly")
	c := newConsole(t, console.Config{}, b.sources())
	for _, path := range b.paths() {
		var n counter
		zw := gzip.NewWriter(&n)
		_, _ = zw.Write(ask(c, "GET", path, "").Body.Bytes())
		_ = zw.Close()
		if n > 30<<10 {
			t.Errorf("GET %s is %d bytes compressed, want at most 30 KiB", path, n)
		}
	}
}

func TestALogIsAFile(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, hostile)
	c := newConsole(t, console.Config{}, b.sources())
	w := ask(c, "GET", "/runs/"+b.done.String()+"/steps/large/log", "")
	h := w.Header()
	if w.Code != http.StatusOK || h.Get("Content-Type") != "text/plain; charset=utf-8" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") ||
		!strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the log is %d with %v", w.Code, h)
	}
	if body := w.Body.String(); !strings.Contains(body, "attempt=1 begin of large") || !strings.Contains(body, "attempt=2   an indented line") {
		t.Errorf("the log is %s", body)
	}
}

func TestTheListGoesOnWhereAPageEnds(t *testing.T) {
	t.Parallel()
	w := openWork(t, "quickly")
	w.put("quickly")
	c := newConsole(t, console.Config{}, w.sources())
	const runs = 120
	for range runs {
		w.start(workSubmission("bulk"))
	}
	seen := map[string]bool{}
	pages := 0
	ids := regexp.MustCompile(`id="run-(r[0-9a-z]{13})"`)
	next := regexp.MustCompile(`href="([^"]*after=[^"]*)" rel="next"`)
	for path := "/runs?queue=bulk"; path != ""; pages++ {
		body := ask(c, "GET", path, "").Body.String()
		for _, m := range ids.FindAllStringSubmatch(body, -1) {
			if seen[m[1]] {
				t.Errorf("run %s is on two pages", m[1])
			}
			seen[m[1]] = true
		}
		path = ""
		if m := next.FindStringSubmatch(body); m != nil {
			path = strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	if len(seen) != runs || pages != 3 {
		t.Errorf("%d runs on %d pages, want %d on 3", len(seen), pages, runs)
	}
}

// wide is a workflow of one step, n like each other after it, and one after the first
// 900 of them.
func wide(n int) string {
	var b strings.Builder
	b.WriteString(`{"name": "wide", "steps": [{"name": "plan", "run": "quick"}`)
	var needs []string
	for i := range n {
		name := fmt.Sprintf("fetch-%d", i)
		fmt.Fprintf(&b, `, {"name": %q, "run": "quick", "needs": ["plan"]}`, name)
		if len(needs) < 900 { // a document allows a thousand
			needs = append(needs, fmt.Sprintf("%q", name))
		}
	}
	fmt.Fprintf(&b, `, {"name": "merge", "run": "quick", "needs": [%s]}]}`, strings.Join(needs, ", "))
	return b.String()
}

func TestLargeRunsAreUsable(t *testing.T) {
	t.Parallel()
	w := openWork(t, "quickly")
	c := newConsole(t, console.Config{}, w.sources())
	for _, test := range []struct{ steps, nodes int }{{60, 62}, {500, 3}, {4998, 4}} {
		// Nothing has begun: all declared steps are there.
		id := w.start(work.Submission{Tenant: "acme", Document: json.RawMessage(wide(test.steps)), Hold: true})
		body := ask(c, "GET", "/runs/"+id.String(), "").Body.String()
		if n := strings.Count(body, `class="node `); n != test.nodes {
			t.Errorf("a graph of %d steps has %d nodes, want %d", test.steps+2, n, test.nodes)
		}
		if want := fmt.Sprintf("fetch ×%d", min(test.steps, 900)); test.nodes < 60 && !strings.Contains(body, want) {
			t.Errorf("the graph does not say %s", want)
		}
		if again := ask(c, "GET", "/runs/"+id.String(), "").Body.String(); graphOf(again) != graphOf(body) {
			t.Error("the same run is drawn in two ways")
		}
		all := ask(c, "GET", "/runs/"+id.String()+"?group=off", "").Body.String()
		if drawn, said := strings.Count(all, `class="node `), strings.Contains(all, "too many to be drawn"); (drawn == test.steps+2) == said {
			t.Errorf("of %d steps %d are drawn, and that they are too many is said: %v", test.steps+2, drawn, said)
		}
		table := ask(c, "GET", "/runs/"+id.String()+"?view=steps", "").Body.String()
		if rows := strings.Count(table, `<th scope="row">`); rows != min(test.steps+2, 1000) {
			t.Errorf("the table of %d steps has %d rows", test.steps+2, rows)
		}
		for _, view := range []string{"timeline", "log", "history", "data"} {
			if w := ask(c, "GET", "/runs/"+id.String()+"?view="+view, ""); w.Code != http.StatusOK || w.Body.Len() > 1<<20 {
				t.Errorf("the %s of %d steps is %d with %d bytes", view, test.steps+2, w.Code, w.Body.Len())
			}
		}
	}
}

// graphOf is the drawing of a page.
func graphOf(body string) string {
	_, rest, _ := strings.Cut(body, `class="dag"`)
	drawing, _, _ := strings.Cut(rest, "</svg>")
	return drawing
}
