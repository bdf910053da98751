package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is a page of a real browser.
type tab struct {
	t         *testing.T
	ctx       context.Context
	base      string
	downloads string

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
	b := &tab{t: t, ctx: ctx, base: s.URL, downloads: t.TempDir()}
	b.must(chromedp.Do(ctx, chromedp.Navigate("about:blank")))
	_, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: b.downloads,
	})
	b.must(err)
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

func (b *tab) shows(texts ...string) {
	b.t.Helper()
	page := b.page()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			b.t.Errorf("the page does not show %q:\n%.3000s", text, page)
		}
	}
}

func (b *tab) hides(texts ...string) {
	b.t.Helper()
	page := b.page()
	for _, text := range texts {
		if strings.Contains(page, text) {
			b.t.Errorf("the page shows %q:\n%.3000s", text, page)
		}
	}
}

// becomes waits until a condition of the page holds.
func (b *tab) becomes(condition string) {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, chromedp.Poll[bool](condition, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		b.t.Fatalf("never came true: %s: %v\n%.3000s", condition, err, b.page())
	}
}

// downloaded waits for the one file there will be, removes it and returns its
// name and content.
func (b *tab) downloaded() (name, content string) {
	b.t.Helper()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		files, err := os.ReadDir(b.downloads)
		b.must(err)
		for _, file := range files {
			if ext := filepath.Ext(file.Name()); ext == ".pdf" || ext == ".csv" {
				path := filepath.Join(b.downloads, file.Name())
				text, err := os.ReadFile(path)
				b.must(err)
				if len(text) > 0 {
					b.must(os.Remove(path))
					return file.Name(), string(text)
				}
			}
		}
		select {
		case <-retry.C:
		case <-b.ctx.Done():
			b.t.Fatalf("no download: %v", b.ctx.Err())
		}
	}
}

func (b *tab) signIn(email, password, next string) {
	b.t.Helper()
	b.arrives(200, "/.berth/sign-in?next="+strings.ReplaceAll(next, "/", "%2F"), b.visit(next))
	b.arrives(200, next, fill("#email", email), fill("#password", password), click("button[type=submit]"))
}

func (b *tab) signOut() {
	b.t.Helper()
	b.arrives(200, "/.berth/sign-out", click("#sign-out"))
	if status, path := b.step(click("button[type=submit]")); status != 200 {
		b.t.Errorf("signed out to %s with %d", path, status)
	}
	if status, path := b.step(b.visit("/acme/")); !strings.HasPrefix(path, "/.berth/sign-in") {
		b.t.Errorf("after signing out /acme/ leads to %s with %d, want the sign-in page", path, status)
	}
}

const checking = "/acme/accounts/casey-checking"

// The story of the README, by hand of a browser.
func TestStoryInABrowser(t *testing.T) {
	path := chromium(t)
	s := berth(t)
	b := s.browser(t, path)
	b.visitorIsAskedToSignIn()
	b.signIn("casey@acme.test", s.password(t, "casey@acme.test"), "/acme/")
	b.caseyMovesMoney(s)
	b.caseyDownloadsStatements(s)
	b.caseyIsRefusedElsewhere()
	b.signOut()
	b.signIn("mara@acme.test", s.password(t, "mara@acme.test"), "/acme/")
	b.maraReadsTheAuditTrail()
	b.signOut()
	b.signIn("zoe@zenith.test", s.password(t, "zoe@zenith.test"), "/zenith/accounts/zoe-checking")
	b.zoeHasNoPremium()
	b.signOut()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, problem := range b.problems {
		t.Errorf("in the browser: %s", problem)
	}
}

func (b *tab) visitorIsAskedToSignIn() {
	b.t.Helper()
	b.arrives(200, "/", b.visit("/"))
	b.shows("Sign in")
	b.hides("Sign out")
	if status, path := b.step(click("#sign-in")); status != 200 || !strings.HasPrefix(path, "/.berth/sign-in?next=") {
		b.t.Fatalf("the link to sign in leads to %s with %d", path, status)
	}
	status, path := b.step(fill("#email", "casey@acme.test"), fill("#password", "not the password"), click("button[type=submit]"))
	if status != 401 || !strings.HasPrefix(path, "/.berth/sign-in") {
		b.t.Errorf("a wrong password leads to %s with %d, want it refused", path, status)
	}
	if status, path := b.step(b.visit("/acme/")); status != 200 || !strings.HasPrefix(path, "/.berth/sign-in?next=") {
		b.t.Errorf("a visitor's /acme/ leads to %s with %d", path, status)
	}
}

// Casey sees accounts of her own and no others, transfers money, cannot
// transfer what she does not have, and sees a deposit arrive while she looks.
func (b *tab) caseyMovesMoney(s *service) {
	b.t.Helper()
	b.shows("Acme Credit Union", "casey-checking", "casey-savings", "Casey")
	b.hides("cody-checking", "Audit trail", "Open an account")
	b.arrives(200, checking, click(fmt.Sprintf("a[href=%q]", checking)))
	b.hides("Deposit", "Withdraw", "Freeze")
	before := s.signIn(b.t, "casey@acme.test").balance("casey-checking")
	b.arrives(200, checking+"?done=transfer",
		fill("#transfer-to", "cody-checking"), fill("#transfer-amount", "12.34"), fill("#transfer-memo", "lunch <b>"), click("#transfer button"))
	b.shows("The transfer is booked.", "lunch <b>", "-12.34", grouped(before-12_34))
	for amount, why := range map[string]string{"9999999": "The balance does not cover this amount.", "-5": "is not an amount"} {
		b.arrives(422, checking+"/transfers", fill("#transfer-to", "cody-checking"), fill("#transfer-amount", amount), click("#transfer button"))
		b.shows(why, grouped(before-12_34))
	}
	b.arrives(200, checking, b.visit(checking))
	s.signIn(b.t, "tom@acme.test").want(order("/api"+checking+"/deposits", `{"amount_cents":10000}`), 201)
	b.becomes(fmt.Sprintf(`document.querySelector("#balance").textContent === %q`, grouped(before-12_34+100_00)))
}

// She downloads statements, but not from where they are kept.
func (b *tab) caseyDownloadsStatements(s *service) {
	b.t.Helper()
	b.must(chromedp.Do(b.ctx, click(`#statement button[formaction$=".pdf"]`)))
	name, content := b.downloaded()
	if !strings.HasPrefix(name, "acme-casey-checking-") || !strings.HasPrefix(content, "%PDF-") || !strings.Contains(content, "%%EOF") {
		b.t.Errorf("downloaded %s: %.20q", name, content)
	}
	b.must(chromedp.Do(b.ctx, click("#statement button.second")))
	if name, content := b.downloaded(); !strings.HasSuffix(name, ".csv") || !strings.Contains(content, "-12.34") {
		b.t.Errorf("downloaded %s: %.300q", name, content)
	}
	files, err := os.ReadDir(filepath.Join(s.ledgerDirectory(), "statements"))
	if err != nil || len(files) < 2 {
		b.t.Fatalf("statement files: %v, %v", files, err)
	}
	for _, file := range files {
		b.arrives(403, "/statements/"+file.Name(), b.visit("/statements/"+file.Name()))
	}
}

func (b *tab) caseyIsRefusedElsewhere() {
	b.t.Helper()
	for path, status := range map[string]int64{"/zenith/": 403, "/acme/audit": 403, "/zenith/accounts/zoe-checking": 403, "/acme/accounts/cody-checking": 404} {
		b.arrives(status, path, b.visit(path))
		b.hides("@zenith.test", "cody@", "seed", "830.25", "3,300.00")
	}
	b.arrives(200, "/beta/cash-flow", b.visit("/beta/cash-flow"))
}

// Mara, the manager, reads what Casey did.
func (b *tab) maraReadsTheAuditTrail() {
	b.t.Helper()
	b.shows("casey-checking", "cody-checking")
	b.arrives(200, "/acme/audit", click(`a[href="/acme/audit"]`))
	b.shows("casey@acme.test", "12.34 USD to cody-checking", "statement")
	b.arrives(403, "/zenith/audit", b.visit("/zenith/audit"))
	b.arrives(200, "/", b.visit("/"))
}

// Zoe's bank has no premium plan.
func (b *tab) zoeHasNoPremium() {
	b.t.Helper()
	b.shows("Download CSV", "PDF comes with the premium plan.")
	for _, path := range []string{"/zenith/accounts/zoe-checking/statement.pdf", "/acme/", "/zenith/audit", "/beta/cash-flow"} {
		b.arrives(403, path, b.visit(path))
	}
	b.arrives(200, "/", b.visit("/"))
}

// On a narrow phone, in a browser that runs no scripts, every page fits and the
// forms do what they say.
func TestPagesOnAPhoneWithoutScripts(t *testing.T) {
	path := chromium(t)
	s := berth(t)
	b := s.browser(t, path)
	const width = 320
	b.must(chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 640, chromedp.EmulateMobile)))
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.must(err)
	const account = "/zenith/accounts/zack-checking"
	b.signIn("dana@example.test", s.password(t, "dana@example.test"), "/acme/")
	for path, status := range map[string]int64{
		"/": 200, "/acme/": 200, "/acme/accounts/dana-checking": 200, "/zenith/": 200, account: 200, "/zenith/audit": 200, "/acme/accounts/cody-checking": 404,
	} {
		b.arrives(status, path, b.visit(path))
		wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[int]("document.documentElement.scrollWidth"))
		b.must(err)
		if wide > width {
			t.Errorf("%s is %d pixels wide on a phone of %d", path, wide, width)
		}
	}
	b.arrives(200, account, b.visit(account))
	b.arrives(200, account+"?done=deposit", fill("#deposit-amount", "0.07"), fill("#deposit-memo", "found in the hall"), click("#deposit button"))
	b.shows("The deposit is booked.", "found in the hall")
	b.arrives(422, account+"/withdrawals", fill("#withdraw-amount", "99999"), click("#withdraw button"))
	b.shows("The balance does not cover this amount.")
}
