package story

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Tab is a page of a real browser that nobody else uses.
type Tab struct {
	T       *testing.T
	Context context.Context // of the browser, for what has no method here

	base     string
	mu       sync.Mutex // guards problems
	problems []string   // scripts that failed and what the content policy stopped
}

// Action is something that a browser does.
type Action = chromedp.Action[chromedp.Void]

// Chromium is the path of a browser. A test that needs one is skipped where
// there is none, and fails where BERTH_TEST_REQUIRE_TOOLS is set.
func Chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("BERTH_TEST_REQUIRE_TOOLS") == "1" {
		t.Fatal("BERTH_TEST_REQUIRE_TOOLS is set and there is no chromium: the story is NOT tested in a browser")
	}
	t.Skip("SKIPPED, THERE IS NO CHROMIUM: the story is NOT tested in a browser")
	return ""
}

// Browser starts a browser, by the path that [Chromium] found.
func (s *Service) Browser(t *testing.T, path string) *Tab {
	t.Helper()
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(Patience),
	)
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &Tab{T: t, Context: ctx, base: s.URL}
	b.Must(chromedp.Do(ctx, chromedp.Navigate("about:blank")))
	b.Must(chromedp.Listen(ctx, b.note))
	for _, domain := range []cdp.Command[cdp.Empty, cdp.Empty]{cdplog.Enable, runtime.Enable} {
		_, err := chromedp.Call(ctx, domain, cdp.Empty{})
		b.Must(err)
	}
	return b
}

func (b *Tab) note(event any) {
	problem := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		problem = "exception: " + e.ExceptionDetails.Text
	case *cdplog.EventEntryAdded:
		if e.Entry.Source == cdplog.EntrySourceSecurity || e.Entry.Source == cdplog.EntrySourceJavascript {
			problem = string(e.Entry.Source) + ": " + e.Entry.Text
		}
	}
	if problem != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.problems = append(b.problems, problem)
	}
}

// IsContent wants that no script failed and that the content policy stopped
// nothing.
func (b *Tab) IsContent() {
	b.T.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, problem := range b.problems {
		b.T.Errorf("in the browser: %s", problem)
	}
}

// Must ends the test where err is one, and shows the page.
func (b *Tab) Must(err error) {
	b.T.Helper()
	if err != nil {
		b.T.Fatalf("%v\nthe page is: %.3000s", err, b.Page())
	}
}

// Page is the address of the page and its text.
func (b *Tab) Page() string {
	text, _ := chromedp.Run(b.Context, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
	return text
}

// Step does what leads to another page and returns its status and its path.
func (b *Tab) Step(actions ...Action) (status int64, path string) {
	b.T.Helper()
	res, err := chromedp.RunResponse(b.Context, actions...)
	b.Must(err)
	at, err := chromedp.Run(b.Context, chromedp.Location())
	b.Must(err)
	return int64(res.Status), strings.TrimPrefix(at, b.base)
}

// Arrives does what leads to a page, and wants that page.
func (b *Tab) Arrives(status int64, path string, actions ...Action) {
	b.T.Helper()
	if gotStatus, gotPath := b.Step(actions...); gotStatus != status || gotPath != path {
		b.T.Fatalf("arrived at %s with %d, want %s with %d; the page is:\n%.3000s", gotPath, gotStatus, path, status, b.Page())
	}
}

// Visit goes to a path.
func (b *Tab) Visit(path string) Action { return chromedp.Navigate(b.base + path) }

// Click clicks on what a CSS selector finds.
func Click(selector string) Action { return chromedp.Click(chromedp.CSS(selector)) }

// Fill types into what a CSS selector finds.
func Fill(selector, text string) Action { return chromedp.SendKeys(chromedp.CSS(selector), text) }

// Shows wants texts on the page.
func (b *Tab) Shows(texts ...string) {
	b.T.Helper()
	page := b.Page()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			b.T.Errorf("the page does not show %q:\n%.3000s", text, page)
		}
	}
}

// Hides wants texts not to be on the page.
func (b *Tab) Hides(texts ...string) {
	b.T.Helper()
	page := b.Page()
	for _, text := range texts {
		if strings.Contains(page, text) {
			b.T.Errorf("the page shows %q:\n%.3000s", text, page)
		}
	}
}

// Becomes waits until a condition of the page, in JavaScript, holds.
func (b *Tab) Becomes(condition string) {
	b.T.Helper()
	_, err := chromedp.Run(b.Context, chromedp.Poll[bool](condition, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(Patience)))
	if err != nil {
		b.T.Fatalf("never came true: %s: %v\n%.3000s", condition, err, b.Page())
	}
}

// SignIn asks for a page, is led to sign in as a user of the manifest, and
// arrives at the page.
func (b *Tab) SignIn(email, password, next string) {
	b.T.Helper()
	b.Arrives(200, "/.berth/sign-in?next="+url.QueryEscape(next), b.Visit(next))
	b.Arrives(200, next, Fill("#email", email), Fill("#password", password), Click("button[type=submit]"))
}

// SignOut signs out, and wants a page to be closed from then on.
func (b *Tab) SignOut(closed string) {
	b.T.Helper()
	b.Arrives(200, "/.berth/sign-out", Click("#sign-out"))
	if status, path := b.Step(Click("button[type=submit]")); status != 200 {
		b.T.Errorf("signed out to %s with %d", path, status)
	}
	if status, path := b.Step(b.Visit(closed)); !strings.HasPrefix(path, "/.berth/sign-in") {
		b.T.Errorf("after signing out %s leads to %s with %d, want the sign-in page", closed, path, status)
	}
}
