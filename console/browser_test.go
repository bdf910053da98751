package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berth-project/berth/console"
	"github.com/berth-project/berth/process"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browser starts a headless Chromium with a profile of its own.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if os.Getenv("BERTH_TEST_REQUIRE_TOOLS") == "1" {
			t.Fatal("BERTH_TEST_REQUIRE_TOOLS is set and there is no chromium: the pages are NOT tested in a browser")
		}
		t.Skip("there is no chromium: the pages are NOT tested in a browser")
	}
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(time.Minute),
	)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute) // a watchdog, nothing is timed
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return ctx
}

// complaints gathers what a page's console and the content policy say.
type complaints struct {
	mu   sync.Mutex // guards said
	said []string
}

func (c *complaints) listen(ctx context.Context, t *testing.T) {
	t.Helper()
	err := chromedp.Listen(ctx, func(ev any) {
		switch e := ev.(type) {
		case *cdplog.EventEntryAdded:
			c.add(string(e.Entry.Level) + ": " + e.Entry.Text + " " + e.Entry.URL)
		case *runtime.EventExceptionThrown:
			c.add("exception: " + e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			if kind := string(e.Type); kind == "error" || kind == "warning" {
				c.add(fmt.Sprintf("console.%s: %s", kind, e.Args[0].Value))
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, domain := range []cdp.Command[cdp.Empty, cdp.Empty]{cdplog.Enable, runtime.Enable} {
		if _, err := chromedp.Call(ctx, domain, cdp.Empty{}); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *complaints) add(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, s)
}

func (c *complaints) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	said := c.said
	c.said = nil
	return said
}

// until waits for a condition of the page, across navigations.
func until(ctx context.Context, t *testing.T, condition string) {
	t.Helper()
	watch := "new Promise(done => { const look = () => { (" + condition + ") ? done(true) : setTimeout(look, 10) }; look() })"
	for {
		bound, cancel := context.WithTimeout(ctx, 10*time.Second)
		ok, err := chromedp.Run(bound, chromedp.Evaluate[bool](watch, chromedp.EvalAwaitPromise))
		cancel()
		if ok {
			return
		}
		if bound.Err() != nil {
			html, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + document.getElementById('main').outerHTML"))
			t.Fatalf("never came true: %s: %v\n%.3000s", condition, err, html)
		}
	}
}

// violation is what axe found.
type violation struct {
	ID    string
	Nodes []struct {
		HTML           string
		FailureSummary string
	}
}

const runAxe = `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"], resultTypes: ["violations"]})
	.then(r => JSON.stringify(r.violations))`

func TestPagesInABrowser(t *testing.T) {
	ctx := browser(t)
	axe, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	var said complaints
	said.listen(ctx, t)
	for _, fill := range []struct {
		name string
		src  console.Sources
		only []string
	}{
		{"busy", busySources(t, 12, "quickly"), nil},
		{"hostile", busySources(t, 6, hostile), nil},
		{"empty", console.Sources{}, []string{"/", "/processes", "/routes", "/routes/explain", "/requests", "/logs"}},
	} {
		server := httptest.NewServer(newConsole(t, console.Config{}, fill.src))
		t.Cleanup(server.Close)
		for _, path := range pages {
			if fill.only != nil && !slices.Contains(fill.only, path) {
				continue
			}
			for _, theme := range []string{"light", "dark"} {
				for _, width := range []int64{360, 1280} {
					name := fmt.Sprintf("%s%s %s %d", fill.name, path, theme, width)
					look(ctx, t, &said, name, server.URL+path, string(axe), theme, width)
				}
			}
		}
	}
}

// look loads one page and holds it to what every page must be.
func look(ctx context.Context, t *testing.T, said *complaints, name, url, axe, theme string, width int64) {
	t.Helper()
	metrics := emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 800, DeviceScaleFactor: 1}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}}
	_, err1 := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, metrics)
	_, err2 := chromedp.Call(ctx, emulation.SetEmulatedMedia, media)
	err3 := chromedp.Do(ctx, chromedp.Navigate(url))
	overflow, err4 := chromedp.Run(ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`))
	_, err5 := chromedp.Run(ctx, chromedp.Evaluate[int](axe+";0"))
	found, err6 := chromedp.Run(ctx, chromedp.Evaluate[string](runAxe, chromedp.EvalAwaitPromise))
	metrics.Width = min(width, 320) // the narrowest there is
	_, err7 := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, metrics)
	narrow, err8 := chromedp.Run(ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`))
	metrics.Width = width
	_, err9 := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, metrics)
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	screenshot(ctx, t, name)
	if overflow > 0 || narrow > 0 {
		t.Errorf("%s: the page is %d px wider than the window, at 320 px %d", name, overflow, narrow)
	}
	var violations []violation
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Errorf("%s: axe %s: %s\n%s", name, v.ID, v.Nodes[0].HTML, v.Nodes[0].FailureSummary)
	}
	for _, s := range said.take() {
		t.Errorf("%s: %s", name, s)
	}
}

// screenshot keeps a picture where BERTH_SCREENSHOTS names a directory.
func screenshot(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("BERTH_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	file := strings.NewReplacer("/", "_", " ", "-", "?", "_", "&", "_", "=", "-").Replace(name) + ".png"
	if err := os.WriteFile(filepath.Join(dir, file), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPagesFollowWhatChangesInABrowser(t *testing.T) {
	ctx := browser(t)
	src := busySources(t, 3, "quickly")
	var state atomic.Int64
	src.Processes = func() []process.Status {
		return []process.Status{{Process: "web", Instance: 1, State: process.State(state.Load())}}
	}
	c := newConsole(t, console.Config{}, src)
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	var said complaints
	said.listen(ctx, t)
	run := func(script string) {
		t.Helper()
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script+"; true")); err != nil {
			t.Fatal(err)
		}
	}
	live := `document.getElementById("live-word").textContent === "Live"`
	text := `document.querySelector("tbody").textContent`

	// A hint makes the page fetch its part again; the row in use keeps the focus.
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+"/processes")); err != nil {
		t.Fatal(err)
	}
	until(ctx, t, live+` && `+text+`.includes("stopped")`)
	run(`document.getElementById("p-web-1").focus()`)
	state.Store(int64(process.StateCrashLoop))
	until(ctx, t, text+`.includes("crash loop") && document.activeElement.id === "p-web-1"`)

	// Nobody looks: nothing is streamed. Somebody looks again: it is made up for.
	hide := func(hidden bool) {
		run(fmt.Sprintf(`Object.defineProperty(document, "hidden", {value: %v, configurable: true}); document.dispatchEvent(new Event("visibilitychange"))`, hidden))
	}
	hide(true)
	waitFor(t, "the stream to be closed", func() bool { return c.Streams() == 0 })
	state.Store(int64(process.StateReady))
	hide(false)
	until(ctx, t, text+`.includes("ready")`)

	// A filter is in the address, and the new stream keeps to it.
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+"/requests")); err != nil {
		t.Fatal(err)
	}
	until(ctx, t, live)
	run(`const f = document.getElementById("f-status"); f.value = "5xx"; f.dispatchEvent(new Event("change", {bubbles: true}))`)
	until(ctx, t, `location.search.includes("status=5xx") && document.querySelectorAll("#rows tr").length === 1 && `+live)
	src.Requests.Observe(record(0, "fine"))
	src.Requests.Observe(record(2, "broken"))
	until(ctx, t, `document.querySelectorAll("#rows tr").length === 2 && `+text+`.includes("broken") && !`+text+`.includes("fine")`)
	for _, s := range said.take() {
		t.Error(s)
	}
}

func TestKeysAndLiveRowsInABrowser(t *testing.T) {
	ctx := browser(t)
	src := busySources(t, 3, "quickly")
	c := newConsole(t, console.Config{}, src)
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	var said complaints
	said.listen(ctx, t)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	live := `document.getElementById("live-word").textContent === "Live"`
	rows := `document.querySelectorAll("#rows tr").length`

	do(chromedp.Navigate(server.URL + "/"))
	until(ctx, t, live)
	do(chromedp.KeyEvent("g"), chromedp.KeyEvent("t"))
	until(ctx, t, `location.pathname === "/requests" && document.getElementById("rows") && `+live)
	src.Requests.Observe(record(50, "arrived"))
	until(ctx, t, rows+` === 4 && document.querySelector("#rows tr").textContent.includes("arrived")`)

	// A row in use keeps its place: what comes waits.
	do(chromedp.KeyEvent("j"))
	until(ctx, t, `document.activeElement.id === "q-4"`)
	src.Requests.Observe(record(55, "waited"))
	until(ctx, t, `document.getElementById("newer").textContent.startsWith("1 newer") && `+rows+` === 4`)
	do(chromedp.KeyEvent(kb.Escape))
	until(ctx, t, rows+` === 5`)

	// Paused, nothing comes until somebody goes on.
	do(chromedp.KeyEvent(" "))
	until(ctx, t, `document.getElementById("live-word").textContent === "Paused"`)
	src.Requests.Observe(record(60, "paused"))
	until(ctx, t, `document.getElementById("newer").textContent.startsWith("1 newer") && `+rows+` === 5`)
	do(chromedp.KeyEvent(" "))
	until(ctx, t, rows+` === 6`)

	do(chromedp.KeyEvent("/"))
	until(ctx, t, `document.activeElement.id === "f-status"`)
	do(chromedp.KeyEvent(kb.Escape), chromedp.KeyEvent("?"))
	until(ctx, t, `location.pathname === "/preferences" && document.querySelector("kbd")`)
	for _, s := range said.take() {
		t.Error(s)
	}
}
