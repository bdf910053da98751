package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/examples/internal/story"
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// tab is a page of a browser that saves what it downloads.
type tab struct {
	*story.Tab
	downloads string
}

func open(t *testing.T, s *story.Service, chromium string) *tab {
	t.Helper()
	b := &tab{s.Browser(t, chromium), t.TempDir()}
	_, err := chromedp.CallBrowser(b.Context, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: b.downloads,
	})
	b.Must(err)
	return b
}

// downloaded waits for the one file there will be, removes it and returns its
// name and content.
func (b *tab) downloaded() (name, content string) {
	b.T.Helper()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		files, err := os.ReadDir(b.downloads)
		b.Must(err)
		for _, file := range files {
			if ext := filepath.Ext(file.Name()); ext == ".pdf" || ext == ".csv" {
				path := filepath.Join(b.downloads, file.Name())
				text, err := os.ReadFile(path)
				b.Must(err)
				if len(text) > 0 {
					b.Must(os.Remove(path))
					return file.Name(), string(text)
				}
			}
		}
		select {
		case <-retry.C:
		case <-b.Context.Done():
			b.T.Fatalf("no download: %v", b.Context.Err())
		}
	}
}

const checking = "/acme/accounts/casey-checking"

// The story of the README, by hand of a browser.
func TestStoryInABrowser(t *testing.T) {
	path := story.Chromium(t)
	s := ledger.Service(t)
	b := open(t, s, path)
	b.visitorIsAskedToSignIn()
	b.SignIn("casey@acme.test", s.Password(t, "casey@acme.test"), "/acme/")
	b.caseyMovesMoney(s)
	b.caseyDownloadsStatements(s)
	b.caseyIsRefusedElsewhere()
	b.SignOut("/acme/")
	b.SignIn("mara@acme.test", s.Password(t, "mara@acme.test"), "/acme/")
	b.maraReadsTheAuditTrail()
	b.SignOut("/acme/")
	b.SignIn("zoe@zenith.test", s.Password(t, "zoe@zenith.test"), "/zenith/accounts/zoe-checking")
	b.zoeHasNoPremium()
	b.SignOut("/acme/")
	b.IsContent()
}

func (b *tab) visitorIsAskedToSignIn() {
	b.T.Helper()
	b.Arrives(200, "/", b.Visit("/"))
	b.Shows("Sign in")
	b.Hides("Sign out")
	if status, path := b.Step(story.Click("#sign-in")); status != 200 || !strings.HasPrefix(path, "/.berth/sign-in?next=") {
		b.T.Fatalf("the link to sign in leads to %s with %d", path, status)
	}
	status, path := b.Step(story.Fill("#email", "casey@acme.test"), story.Fill("#password", "not the password"), story.Click("button[type=submit]"))
	if status != 401 || !strings.HasPrefix(path, "/.berth/sign-in") {
		b.T.Errorf("a wrong password leads to %s with %d, want it refused", path, status)
	}
	if status, path := b.Step(b.Visit("/acme/")); status != 200 || !strings.HasPrefix(path, "/.berth/sign-in?next=") {
		b.T.Errorf("a visitor's /acme/ leads to %s with %d", path, status)
	}
}

// Casey sees accounts of her own and no others, transfers money, cannot
// transfer what she does not have, and sees a deposit arrive while she looks.
func (b *tab) caseyMovesMoney(s *story.Service) {
	b.T.Helper()
	b.Shows("Acme Credit Union", "casey-checking", "casey-savings", "Casey")
	b.Hides("cody-checking", "Audit trail", "Open an account")
	b.Arrives(200, checking, story.Click(fmt.Sprintf("a[href=%q]", checking)))
	b.Hides("Deposit", "Withdraw", "Freeze")
	before := balance(s.SignIn(b.T, "casey@acme.test"), "casey-checking")
	b.Arrives(200, checking+"?done=transfer",
		story.Fill("#transfer-to", "cody-checking"), story.Fill("#transfer-amount", "12.34"), story.Fill("#transfer-memo", "lunch <b>"), story.Click("#transfer button"))
	b.Shows("The transfer is booked.", "lunch <b>", "-12.34", grouped(before-12_34))
	for amount, why := range map[string]string{"9999999": "The balance does not cover this amount.", "-5": "is not an amount"} {
		b.Arrives(422, checking+"/transfers", story.Fill("#transfer-to", "cody-checking"), story.Fill("#transfer-amount", amount), story.Click("#transfer button"))
		b.Shows(why, grouped(before-12_34))
	}
	b.Arrives(200, checking, b.Visit(checking))
	s.SignIn(b.T, "tom@acme.test").Want(order("/api"+checking+"/deposits", `{"amount_cents":10000}`), 201)
	b.Becomes(fmt.Sprintf(`document.querySelector("#balance").textContent === %q`, grouped(before-12_34+100_00)))
}

// She downloads statements, but not from where they are kept.
func (b *tab) caseyDownloadsStatements(s *story.Service) {
	b.T.Helper()
	b.Must(chromedp.Do(b.Context, story.Click(`#statement button[formaction$=".pdf"]`)))
	name, content := b.downloaded()
	if !strings.HasPrefix(name, "acme-casey-checking-") || !strings.HasPrefix(content, "%PDF-") || !strings.Contains(content, "%%EOF") {
		b.T.Errorf("downloaded %s: %.20q", name, content)
	}
	b.Must(chromedp.Do(b.Context, story.Click("#statement button.second")))
	if name, content := b.downloaded(); !strings.HasSuffix(name, ".csv") || !strings.Contains(content, "-12.34") {
		b.T.Errorf("downloaded %s: %.300q", name, content)
	}
	files, err := os.ReadDir(filepath.Join(s.Data, "statements"))
	if err != nil || len(files) < 2 {
		b.T.Fatalf("statement files: %v, %v", files, err)
	}
	for _, file := range files {
		b.Arrives(403, "/statements/"+file.Name(), b.Visit("/statements/"+file.Name()))
	}
}

func (b *tab) caseyIsRefusedElsewhere() {
	b.T.Helper()
	for path, status := range map[string]int64{"/zenith/": 403, "/acme/audit": 403, "/zenith/accounts/zoe-checking": 403, "/acme/accounts/cody-checking": 404} {
		b.Arrives(status, path, b.Visit(path))
		b.Hides("@zenith.test", "cody@", "seed", "830.25", "3,300.00")
	}
	b.Arrives(200, "/beta/cash-flow", b.Visit("/beta/cash-flow"))
}

// Mara, the manager, reads what Casey did.
func (b *tab) maraReadsTheAuditTrail() {
	b.T.Helper()
	b.Shows("casey-checking", "cody-checking")
	b.Arrives(200, "/acme/audit", story.Click(`a[href="/acme/audit"]`))
	b.Shows("casey@acme.test", "12.34 USD to cody-checking", "statement")
	b.Arrives(403, "/zenith/audit", b.Visit("/zenith/audit"))
	b.Arrives(200, "/", b.Visit("/"))
}

// Zoe's bank has no premium plan.
func (b *tab) zoeHasNoPremium() {
	b.T.Helper()
	b.Shows("Download CSV", "PDF comes with the premium plan.")
	for _, path := range []string{"/zenith/accounts/zoe-checking/statement.pdf", "/acme/", "/zenith/audit", "/beta/cash-flow"} {
		b.Arrives(403, path, b.Visit(path))
	}
	b.Arrives(200, "/", b.Visit("/"))
}

// On a narrow phone, in a browser that runs no scripts, every page fits and the
// forms do what they say.
func TestPagesOnAPhoneWithoutScripts(t *testing.T) {
	path := story.Chromium(t)
	s := ledger.Service(t)
	b := open(t, s, path)
	const width = 320
	b.Must(chromedp.Do(b.Context, chromedp.EmulateViewport(width, 640, chromedp.EmulateMobile)))
	_, err := chromedp.Call(b.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.Must(err)
	const account = "/zenith/accounts/zack-checking"
	b.SignIn("dana@example.test", s.Password(t, "dana@example.test"), "/acme/")
	for path, status := range map[string]int64{
		"/": 200, "/acme/": 200, "/acme/accounts/dana-checking": 200, "/zenith/": 200, account: 200, "/zenith/audit": 200, "/acme/accounts/cody-checking": 404,
	} {
		b.Arrives(status, path, b.Visit(path))
		wide, err := chromedp.Run(b.Context, chromedp.Evaluate[int]("document.documentElement.scrollWidth"))
		b.Must(err)
		if wide > width {
			t.Errorf("%s is %d pixels wide on a phone of %d", path, wide, width)
		}
	}
	b.Arrives(200, account, b.Visit(account))
	b.Arrives(200, account+"?done=deposit", story.Fill("#deposit-amount", "0.07"), story.Fill("#deposit-memo", "found in the hall"), story.Click("#deposit button"))
	b.Shows("The deposit is booked.", "found in the hall")
	b.Arrives(422, account+"/withdrawals", story.Fill("#withdraw-amount", "99999"), story.Click("#withdraw button"))
	b.Shows("The balance does not cover this amount.")
}
