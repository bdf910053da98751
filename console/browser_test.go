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

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/console"
	"github.com/berth-project/berth/process"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// chromium is the one browser of these tests. TestMain ends it.
var (
	chromium        = sync.OnceValues(startChromium)
	chromiumStarted atomic.Bool
)

// engine is a browser that runs.
type engine struct {
	ctx     context.Context
	release context.CancelFunc
}

func startChromium() (*engine, error) {
	path, err := findChromium()
	if err != nil {
		return nil, err
	}
	chromiumStarted.Store(true)
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(watchdog),
	)
	ctx, cancelAll := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(ctx)
	p := &engine{ctx, func() { cancel(); cancelAll() }}
	if err := chromedp.Do(ctx); err != nil { // the browser lasts as long as this context: it has no deadline
		p.release()
		return nil, fmt.Errorf("start chromium: %w", err)
	}
	return p, nil
}

func findChromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", exec.ErrNotFound
}

// stop ends the browser and waits until it has.
func (p *engine) stop() {
	_ = chromedp.Cancel(p.ctx) // it may have ended
	p.release()
}

// watchdog ends a wait for what does not come. Nothing is timed.
const watchdog = 3 * time.Minute

// tab opens a page in the browser, with cookies of its own. Servers that are
// to outlive it must be there before.
func tab(t *testing.T) context.Context {
	t.Helper()
	p, err := chromium()
	if errors.Is(err, exec.ErrNotFound) {
		if os.Getenv("BERTH_TEST_REQUIRE_TOOLS") == "1" {
			t.Fatal("BERTH_TEST_REQUIRE_TOOLS is set and there is no chromium: the pages are NOT tested in a browser")
		}
		t.Skip("there is no chromium: the pages are NOT tested in a browser")
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.ctx, 3*watchdog)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("open a page: %v", err)
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
	dog := time.After(watchdog)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		// What is asked of a page that goes away may fail.
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+condition+")"))
		if err == nil && holds {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never came true: %s: %v", condition, err)
		case <-dog:
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
	t.Parallel()
	axe, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, fill := range []struct {
		name string
		src  console.Sources
		only []string
	}{
		{"busy", busySources(t, 12, "quickly"), nil},
		{"hostile", busySources(t, 6, hostile), nil},
		{"empty", console.Sources{}, []string{"/", "/processes", "/routes", "/routes/explain", "/requests", "/logs"}},
	} {
		t.Run(fill.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(newConsole(t, console.Config{}, fill.src))
			t.Cleanup(server.Close)
			v := viewer{ctx: tab(t), t: t, axe: string(axe) + ";0"}
			v.said.listen(v.ctx, t)
			for _, path := range pages {
				if fill.only == nil || slices.Contains(fill.only, path) {
					v.look(fill.name+path, server.URL+path)
				}
			}
		})
	}
}

// viewer holds pages to what every page must be.
type viewer struct {
	ctx  context.Context
	t    *testing.T
	axe  string // the program
	said complaints
}

// look loads a page once and looks at it in every theme and width.
func (v *viewer) look(name, url string) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, chromedp.Navigate(url)); err != nil {
		v.t.Fatalf("%s: %v", name, err)
	}
	if _, err := chromedp.Run(v.ctx, chromedp.Evaluate[int](v.axe)); err != nil {
		v.t.Fatalf("%s: %v", name, err)
	}
	for _, width := range []int64{1280, 360} {
		for _, theme := range []string{"light", "dark"} {
			v.wear(theme, width)
			v.measure(fmt.Sprintf("%s %s %d", name, theme, width))
		}
	}
	v.wear("light", 320) // the narrowest there is
	v.fits(name + " 320")
	for _, s := range v.said.take() {
		v.t.Errorf("%s: %s", name, s)
	}
}

// wear makes the window that wide and the theme that one.
func (v *viewer) wear(theme string, width int64) {
	v.t.Helper()
	_, err1 := chromedp.Call(v.ctx, emulation.SetDeviceMetricsOverride,
		emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 800, DeviceScaleFactor: 1})
	_, err2 := chromedp.Call(v.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	if err := errors.Join(err1, err2); err != nil {
		v.t.Fatal(err)
	}
	until(v.ctx, v.t, fmt.Sprintf(`innerWidth === %d && matchMedia("(prefers-color-scheme: %s)").matches`, width, theme))
}

func (v *viewer) fits(name string) {
	v.t.Helper()
	over, err := chromedp.Run(v.ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`))
	if err != nil {
		v.t.Fatalf("%s: %v", name, err)
	}
	if over > 0 {
		v.t.Errorf("%s: the page is %d px wider than the window", name, over)
	}
}

func (v *viewer) measure(name string) {
	v.t.Helper()
	v.fits(name)
	screenshot(v.ctx, v.t, name)
	found, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](runAxe, chromedp.EvalAwaitPromise))
	if err != nil {
		v.t.Fatalf("%s: %v", name, err)
	}
	var violations []violation
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		v.t.Fatal(err)
	}
	for _, found := range violations {
		v.t.Errorf("%s: axe %s: %s\n%s", name, found.ID, found.Nodes[0].HTML, found.Nodes[0].FailureSummary)
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
	if len(file) > 100 { // a question in the address
		file = file[:60] + file[len(file)-40:]
	}
	if err := os.WriteFile(filepath.Join(dir, file), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPagesFollowWhatChangesInABrowser(t *testing.T) {
	t.Parallel()
	src := busySources(t, 3, "quickly")
	var state atomic.Int64
	src.Processes = func() []process.Status {
		return []process.Status{{Process: "web", Instance: 1, State: process.State(state.Load())}}
	}
	c := newConsole(t, console.Config{}, src)
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	ctx := tab(t)
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
	t.Parallel()
	src := busySources(t, 3, "quickly")
	c := newConsole(t, console.Config{}, src)
	server := httptest.NewServer(c)
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

// wordsBroken are the parts of paths, between slashes, that go over lines.
const wordsBroken = `(() => {
	const broken = [];
	for (const code of document.querySelectorAll("code.path")) for (const part of code.childNodes) {
		if (part.nodeType !== Node.TEXT_NODE) continue;
		const range = document.createRange();
		range.selectNodeContents(part);
		if (range.getClientRects().length > 1) broken.push(part.textContent);
	}
	return broken.join(" ");
})()`

// placesOutOfSight are the places in the manifest that cannot be seen whole.
const placesOutOfSight = `[...document.querySelectorAll("code.at")].filter((at) => {
	const it = at.getBoundingClientRect(), view = at.closest(".scroll").getBoundingClientRect();
	return it.width === 0 || it.right > view.right || it.right > innerWidth;
}).map((at) => at.textContent).join(" ")`

func TestRoutesFitTheirWindowInABrowser(t *testing.T) {
	t.Parallel()
	at := func(line int) string {
		return fmt.Sprintf("/home/somebody/projects/organisation/survey/berth.yaml:%d:5", line)
	}
	needs := access.Requirement{Kind: access.Role, Roles: []string{"manager", "contributor"}, Of: "{tenant}"}
	src := tables([]console.Route{
		{Name: "downloads", Path: "/app/{tenant}/reports/downloads/**", Target: "private files of /srv/survey/shared/private/reports", At: at(23)},
		{Name: "/**", Path: "/**", Methods: []string{"GET", "POST"}, Target: "process web", At: at(124)},
	}, console.Rule{Rule: access.Rule{ID: "report-downloads", Path: "/app/{tenant}/reports/downloads/{report}/**", Allow: needs}, At: at(43)},
		console.Rule{Rule: access.Rule{ID: "rule-2", Path: "/**", Methods: []string{"GET", "HEAD"}, Allow: access.Requirement{Kind: access.SignedIn}}, At: at(144)})
	server := httptest.NewServer(newConsole(t, console.Config{}, src))
	t.Cleanup(server.Close)
	v := viewer{ctx: tab(t), t: t}
	if err := chromedp.Do(v.ctx, chromedp.Navigate(server.URL+"/routes")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		width  int64
		places bool
	}{{1280, true}, {1100, true}, {1024, true}, {360, false}} {
		v.wear("light", c.width)
		screenshot(v.ctx, t, fmt.Sprintf("fit/routes %d", c.width))
		if got := v.text(wordsBroken); got != "" {
			t.Errorf("at %d px paths break within %q", c.width, got)
		}
		if got := v.text(placesOutOfSight); c.places && got != "" {
			t.Errorf("at %d px the places %q are out of sight", c.width, got)
		}
	}
}

// text is what a script returns.
func (v *viewer) text(script string) string {
	v.t.Helper()
	got, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](script))
	if err != nil {
		v.t.Fatal(err)
	}
	return got
}
