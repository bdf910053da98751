package login_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"

	"github.com/berth-project/berth/login"
)

// patience is a watchdog; nothing is timed.
const patience = 3 * time.Minute

// browser starts Chromium, or skips where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("BERTH_TEST_REQUIRE_TOOLS") == "1" {
			t.Fatal("BERTH_TEST_REQUIRE_TOOLS is set and there is no chromium: the pages were not looked at by a browser")
		}
		t.Skip("SKIPPED: no chromium on this machine, the pages were not looked at by a browser")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.IgnoreCertErrors, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(patience),
	)
	ctx, cancelAll := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancelTab := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits for the browser to end
		cancelTab()
		cancelAll()
	})
	if err := chromedp.Do(ctx); err != nil { // starts it: the time limit below is not the browser's
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	return ctx
}

// TestBrowserSignsInWithoutJavaScript fills in the form as a person does, on
// narrow and wide screens, and asks the browser what it complained about.
func TestBrowserSignsInWithoutJavaScript(t *testing.T) {
	ctx := browser(t)
	b := setup(t, func(c *login.Config, _ *login.Dependencies) {
		c.DevelopmentUsers = []string{"somebody-with-a-rather-long-name@department.north-bank.example"}
	})
	var mu sync.Mutex
	var complaints []string
	b.check(chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*cdplog.EventEntryAdded); ok && !strings.Contains(e.Entry.URL, "favicon") {
			mu.Lock()
			defer mu.Unlock()
			complaints = append(complaints, e.Entry.Text+" "+e.Entry.URL)
		}
	}))
	page := b.server.URL + login.DefaultSignInPath + "?next=/.berth/session"
	_, err := chromedp.Call(ctx, cdplog.Enable, cdp.Empty{})
	b.check(err)
	_, err = chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.check(err)
	b.check(chromedp.Do(ctx, chromedp.Navigate(page)))
	for _, width := range []int64{320, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			b.noSidewaysScroll(ctx, width, scheme)
		}
	}
	b.check(chromedp.Do(ctx, chromedp.SendKeys("#email", annEmail), chromedp.SendKeys("#password", "wrong"), chromedp.Click("button[type=submit]")))
	body, err := chromedp.Run(ctx, chromedp.Text("[role=alert]"))
	b.check(err)
	if !strings.Contains(body, "Email or password is wrong") {
		t.Errorf("after a wrong password the page says %q", body)
	}
	b.check(chromedp.Do(ctx, chromedp.SendKeys("#password", annPass), chromedp.Click("button[type=submit]")))
	body, err = chromedp.Run(ctx, chromedp.Text("pre"))
	b.check(err)
	if !strings.Contains(body, b.ann.ID) {
		t.Errorf("after signing in the browser shows %q", body)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, c := range complaints {
		if !strings.Contains(c, fmt.Sprint(http.StatusUnauthorized)) { // the wrong password
			t.Errorf("the browser complains: %s", c)
		}
	}
}

func (b *bundle) noSidewaysScroll(ctx context.Context, width int64, scheme string) {
	b.t.Helper()
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	b.check(err)
	b.check(chromedp.Do(ctx, chromedp.EmulateViewport(width, 700)))
	_, err = chromedp.Run(ctx, chromedp.Poll[bool](fmt.Sprintf(`innerWidth === %d && matchMedia("(prefers-color-scheme: %s)").matches`, width, scheme),
		chromedp.WithPollingTimeout(patience)))
	b.check(err)
	scroll, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
	b.check(err)
	background, err := chromedp.Run(ctx, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor`))
	b.check(err)
	want := map[string]string{"light": "rgb(236, 238, 242)", "dark": "rgb(14, 17, 22)"}[scheme]
	if scroll > width || background != want {
		b.t.Errorf("%d wide, %s: content is %d wide on %s, want %s", width, scheme, scroll, background, want)
	}
}
