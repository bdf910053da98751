package console_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/console"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/store"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestPagesOfWorkInABrowser(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	for name, word := range map[string]string{"busy": "quickly", "hostile": hostile, "empty": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			paths := []string{"/runs", "/definitions", "/queues", "/pools", "/schedules", "/dead", "/tenants", "/"}
			var w *workshop
			if name == "empty" {
				w = openWork(t, "")
			} else {
				b := openBusyWork(t, word)
				w, paths = b.workshop, append(b.paths(), "/")
				if word == hostile { // the forms are the same
					form := regexp.MustCompile(`/(cancel|pause|resume|retry|reset|skip|signal|move|release|delete|run|limits|suspend)(\?|$)`)
					paths = slices.DeleteFunc(paths, form.MatchString)
				}
				waitFor(t, "an event to be given up", func() bool {
					dead, _, err := b.Dead(t.Context(), store.DeadFilter{}, "", 10)
					return err == nil && len(dead) > 0
				})
			}
			src := w.sources()
			src.QueueHistory = console.NewQueueHistory(w.Queues)
			for i := range 30 {
				src.QueueHistory.LookAt(t.Context(), time.Now().Add(time.Duration(i-30)*time.Minute))
			}
			server := httptest.NewServer(newConsole(t, console.Config{}, src))
			t.Cleanup(server.Close)
			v := viewer{ctx: tab(t), t: t, axe: string(axe) + ";0"}
			v.said.listen(v.ctx, t)
			for _, path := range paths {
				v.look("work "+name+path, server.URL+path)
			}
		})
	}
}

func TestARunIsFollowedInABrowser(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, "quickly")
	server := httptest.NewServer(newConsole(t, console.Config{}, b.sources()))
	t.Cleanup(server.Close)
	ctx := tab(t)
	var said complaints
	said.listen(ctx, t)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	live := `document.getElementById("live-word").textContent === "Live"`

	// The list finds the run by keys, and shows a new one when nobody is in the way.
	do(chromedp.Navigate(server.URL + "/"))
	until(ctx, t, live)
	do(chromedp.KeyEvent("g"), chromedp.KeyEvent("w"))
	until(ctx, t, `location.pathname === "/runs" && document.querySelectorAll("#rows tr").length === 6 && `+live)
	late := b.start(work.Submission{Workflow: "broken", Tenant: "acme", Queue: "bulk"})
	until(ctx, t, fmt.Sprintf(`document.getElementById("run-%v")`, late))

	// A row in use keeps its place.
	do(chromedp.KeyEvent("j"))
	until(ctx, t, fmt.Sprintf(`document.activeElement.id === "run-%v"`, late))
	later := b.start(work.Submission{Workflow: "broken", Tenant: "acme", Queue: "bulk"})
	until(ctx, t, `!document.getElementById("newer").hidden`)
	until(ctx, t, fmt.Sprintf(`!document.getElementById("run-%v") && document.activeElement.id === "run-%v"`, later, late))
	do(chromedp.KeyEvent(kb.Escape))
	until(ctx, t, fmt.Sprintf(`document.getElementById("run-%v")`, later))

	// The graph follows its run: nodes stay where they are, a node in use keeps the
	// focus.
	do(chromedp.Navigate(server.URL + "/runs/" + b.running.String()))
	until(ctx, t, live+` && document.querySelector("#step-y.run") && document.querySelector("#step-z.quiet")`)
	places := `[...document.querySelectorAll(".dag .node")].map((n) => n.getAttribute("transform")).join(" ")`
	before, err := chromedp.Run(ctx, chromedp.Evaluate[string](places))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.getElementById("step-y").focus(); true`)); err != nil {
		t.Fatal(err)
	}
	do(chromedp.KeyEvent(kb.ArrowDown))
	until(ctx, t, `document.activeElement.id === "step-z"`)
	do(chromedp.KeyEvent(kb.ArrowUp))
	until(ctx, t, `document.activeElement.id === "step-y"`)
	b.ended()
	until(ctx, t, `document.querySelector("#step-z.ok") && document.querySelector("#step-y.ok") && document.activeElement.id === "step-y"`)
	after, err := chromedp.Run(ctx, chromedp.Evaluate[string](places))
	if err != nil || before == "" || before != after {
		t.Errorf("the nodes moved from %q to %q, %v", before, after, err)
	}

	// From the failure of a run to the reason, and to the retry.
	do(chromedp.Navigate(server.URL + "/runs/" + b.failed.String()))
	until(ctx, t, `document.querySelector("#step-b.fail")`)
	click := func(selector string) {
		t.Helper()
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(`document.querySelector(%q).dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true})); true`, selector))); err != nil {
			t.Fatal(err)
		}
	}
	click("#step-b")
	until(ctx, t, `location.pathname.endsWith("/steps/b") && document.querySelector("#lines").textContent.includes("an indented line") && `+live)
	click(`a[href$="/reset?step=b"]`)
	until(ctx, t, `location.pathname.endsWith("/reset") && document.querySelector("button[name=sure]").textContent.includes("2 steps")`)
	do(chromedp.Navigate(server.URL + "/runs/" + b.failed.String() + "/retry"))
	until(ctx, t, `document.querySelector("form.confirm button")`)
	click("form.confirm button")
	until(ctx, t, `location.search === "?done=retry" && document.querySelector(".notice.done") && document.body.textContent.includes("2") && document.querySelector("#step-b.fail")`)
	for _, s := range said.take() {
		t.Error(s)
	}
}

// wordsCut are the names in the first columns of tables that go over lines though
// they are short.
const wordsCut = `[...document.querySelectorAll("main tbody th[scope=row] a")].filter((a) => a.textContent.length <= 9 && a.getClientRects().length > 1).map((a) => a.textContent).join(" ")`

// columnsLost are the columns of tables of work that are nowhere to be seen.
const columnsLost = `[...document.querySelectorAll("main table.reflow tbody td")].filter((td) => td.textContent.trim() && !td.getClientRects().length && !td.closest("details:not([open])")).map((td) => td.className + ": " + td.textContent.trim()).join("; ")`

func TestTablesOfWorkKeepTheirColumnsOnAPhone(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, "quickly")
	server := httptest.NewServer(newConsole(t, console.Config{}, b.sources()))
	t.Cleanup(server.Close)
	v := viewer{ctx: tab(t), t: t}
	v.wear("light", 360)
	for _, path := range []string{
		"/runs", "/runs/" + b.done.String() + "?view=steps", "/runs/" + b.failed.String() + "?view=history", "/runs/" + b.done.String() + "/steps/large",
		"/queues", "/queues/bulk", "/tenants", "/schedules", "/definitions",
	} {
		if err := chromedp.Do(v.ctx, chromedp.Navigate(server.URL+path)); err != nil {
			t.Fatal(err)
		}
		until(v.ctx, t, `document.querySelector("main table.reflow tbody td")`)
		if got := v.text(wordsCut); got != "" {
			t.Errorf("%s cuts the names %q", path, got)
		}
		if got := v.text(columnsLost); got != "" {
			t.Errorf("%s hides %q", path, got)
		}
		v.fits(path)
	}
}

func TestLinesOfALogArriveInABrowser(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, "quickly")
	server := httptest.NewServer(newConsole(t, console.Config{}, b.sources()))
	t.Cleanup(server.Close)
	ctx := tab(t)
	var said complaints
	said.listen(ctx, t)
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+"/runs/"+b.asking.String()+"/steps/after")); err != nil {
		t.Fatal(err)
	}
	until(ctx, t, `document.getElementById("live-word").textContent === "Live" && document.querySelectorAll("#lines .line").length === 0`)
	if w := ask(newConsole(t, console.Config{}, b.sources()), "POST", "/runs/"+b.asking.String()+"/signal", "name=ship&decision=approve"); w.Code != 303 {
		t.Fatalf("approve = %d", w.Code)
	}
	until(ctx, t, `document.querySelectorAll("#lines .line").length === 2 && document.querySelector("#lines").textContent.includes("  an indented line quickly")`)
	until(ctx, t, `document.querySelector(".said-of .state").textContent.includes("succeeded")`)

	// The log of a run has the lines of all its steps.
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+"/runs/"+b.running.String()+"?view=log")); err != nil {
		t.Fatal(err)
	}
	until(ctx, t, `document.getElementById("live-word").textContent === "Live" && document.querySelector("#lines").textContent.includes("begin of y")`)
	b.ended()
	until(ctx, t, `document.querySelector("#lines").textContent.includes("z begin of z") && document.querySelector(".said-of .state").textContent.includes("succeeded")`)
	for _, s := range said.take() {
		t.Error(s)
	}
}

func TestTheStreamTellsOfItsRunOnly(t *testing.T) {
	t.Parallel()
	b := openBusyWork(t, hostile)
	c := newConsole(t, console.Config{}, b.sources())
	c.HurryStreams(watchdog)
	server := serve(t, c)
	other := follow(t, server, "topics=run&about="+b.failed.String())
	step := follow(t, server, "topics=step&about="+b.running.String()+"/z")
	// Each begins with what may have happened since its page was rendered.
	if first, second := other.next(), step.next(); first.Name != "run" || second.Name != "step" {
		t.Errorf("the streams begin with %q and %q, want run and step", first.Name, second.Name)
	}
	b.ended()
	var names []string
	for !slices.Contains(names, "step") || !slices.Contains(names, "log") {
		e := step.next()
		names = append(names, e.Name)
		if e.Name == "log" && (!strings.Contains(e.Data, `<span class="line">`) || strings.Contains(e.Data, "<script")) {
			t.Errorf("lines of a log are %q", e.Data)
		}
	}
	b.until(b.running, "the run to end", final)
	if w := ask(c, "POST", "/runs/"+b.failed.String()+"/retry", "x=1"); w.Code != 303 {
		t.Fatalf("retry = %d", w.Code)
	}
	if e := other.next(); e.Name != "run" {
		t.Errorf("the other stream tells of %q first, want of its own run", e.Name)
	}
	for _, query := range []string{"topics=run", "topics=run&about=x", "topics=step&about=/a"} {
		if w := ask(c, "GET", "/events?"+query, ""); w.Code != 400 {
			t.Errorf("GET /events?%s = %d, want 400", query, w.Code)
		}
	}
}
