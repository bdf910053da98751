package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// tab is a page of a real browser.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu       sync.Mutex // guards problems
	problems []string   // scripts that failed and what the content policy stopped
}

func chromium(t *testing.T) string {
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

func (s *service) browser(t *testing.T, path string) *tab {
	t.Helper()
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(patience),
	)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx, base: s.URL}
	b.must(chromedp.Do(ctx, chromedp.Navigate("about:blank")))
	b.must(chromedp.Listen(ctx, b.note))
	for _, domain := range []cdp.Command[cdp.Empty, cdp.Empty]{cdplog.Enable, runtime.Enable} {
		_, err := chromedp.Call(ctx, domain, cdp.Empty{})
		b.must(err)
	}
	return b
}

func (b *tab) note(event any) {
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

func (b *tab) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("%v\nthe page is: %.3000s", err, b.page())
	}
}

func (b *tab) page() string {
	text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
	return text
}

// step runs actions that lead to another page and returns its status and its
// path.
func (b *tab) step(actions ...chromedp.Action[chromedp.Void]) (status int64, path string) {
	b.t.Helper()
	res, err := chromedp.RunResponse(b.ctx, actions...)
	b.must(err)
	at, err := chromedp.Run(b.ctx, chromedp.Location())
	b.must(err)
	return int64(res.Status), strings.TrimPrefix(at, b.base)
}

// arrives runs actions and wants a page.
func (b *tab) arrives(status int64, path string, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if gotStatus, gotPath := b.step(actions...); gotStatus != status || gotPath != path {
		b.t.Fatalf("arrived at %s with %d, want %s with %d; the page is:\n%.3000s", gotPath, gotStatus, path, status, b.page())
	}
}

func (b *tab) visit(path string) chromedp.Action[chromedp.Void] {
	return chromedp.Navigate(b.base + path)
}

func click(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector))
}

func fill(selector, text string) chromedp.Action[chromedp.Void] {
	return chromedp.SendKeys(chromedp.CSS(selector), text)
}

// becomes waits until a condition of the page holds.
func (b *tab) becomes(condition string) {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, chromedp.Poll[bool](condition, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		b.t.Fatalf("never came true: %s: %v\n%.3000s", condition, err, b.page())
	}
}

func (b *tab) signIn(email, password, next string) {
	b.t.Helper()
	b.arrives(200, "/.berth/sign-in?next="+strings.ReplaceAll(next, "/", "%2F"), b.visit(next))
	b.arrives(200, next, fill("#email", email), fill("#password", password), click("button[type=submit]"))
}

// In a browser a page follows a run without being loaded again, an image is
// uploaded and thumbnails are shown, and nothing is stopped by the content
// policy.
func TestTheStoryInABrowser(t *testing.T) {
	t.Parallel()
	path := chromium(t)
	s := berth(t)
	b := s.browser(t, path)
	b.signIn("eli@acme.test", s.password(t, "eli@acme.test"), "/acme/")
	file := filepath.Join(t.TempDir(), "photo.png")
	b.must(os.WriteFile(file, photo(t, 1200, 900), 0o600))
	b.must(chromedp.Do(b.ctx, chromedp.SetUploadFiles(chromedp.CSS("#upload-image"), []string{file})))
	status, at := b.step(fill("#upload-title", "From a browser"), click("#upload button"))
	if !regexp.MustCompile(`^/acme/runs/r[0-9a-z]{13}$`).MatchString(at) || status != 200 {
		t.Fatalf("publishing leads to %s with %d: %.2000s", at, status, b.page())
	}
	// Only a page that was not loaded again has it.
	_, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("window.here = true"))
	b.must(err)
	b.becomes(`document.querySelector("#state").textContent === "succeeded"`)
	b.becomes(`document.querySelectorAll("#result .thumbnails img").length === 2`)
	b.becomes(`[...document.images].every((i) => i.complete && i.naturalWidth === i.width)`)
	b.becomes(`window.here === true`)
	b.arrives(200, "/acme/", b.visit("/acme/"))
	b.becomes(`document.querySelector("#library").textContent.includes("From a browser")`)
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.problems) > 0 {
		t.Errorf("the browser says: %s", strings.Join(b.problems, "; "))
	}
}
