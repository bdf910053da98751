package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/berth-project/berth/examples/internal/story"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// The story of the README, by hand of two browsers. Acme floods the queue, so
// that what Eli of Acme publishes then has to wait, and Zoe of Zenith publishes
// and has her files while it does. His page follows his run to its end.
func TestStoryInTwoBrowsers(t *testing.T) {
	t.Parallel()
	path := story.Chromium(t)
	s := media.ServiceWith(t, "berth.yaml")
	acme, zenith := &tab{s.Browser(t, path)}, &tab{s.Browser(t, path)}
	acme.SignIn("mara@acme.test", s.Password(t, "mara@acme.test"), "/acme/")
	acme.Arrives(200, "/acme/?done=flood", fillNew("#flood-n", "60"), story.Click("#flood button"))
	acme.Becomes(`/^acme\s+\d\d\s/m.test(document.querySelector("#waits").innerText)`)
	acme.SignOut("/acme/")

	acme.SignIn("eli@acme.test", s.Password(t, "eli@acme.test"), "/acme/")
	his := acme.uploads("From a browser", photo(t, 1200, 900))
	if state := acme.state(); state != "queued" {
		t.Fatalf("behind a flood of its own studio the run is %s", state)
	}
	zenith.SignIn("zoe@zenith.test", s.Password(t, "zoe@zenith.test"), "/zenith/")
	zenith.hasFiles(zenith.draws("Drawn <b>"))
	if v := signIn(t, s, "eli@acme.test").look(filepath.Base(his)); v.State != "queued" {
		t.Errorf("the run behind the flood is %s already: Zoe was not served before it", v.State)
	}
	zenith.seesNothingOf(his)
	acme.hasFiles(his)
	acme.IsContent()
}

// On a narrow phone, in a browser that runs no scripts, every page fits and the
// forms do what they say.
func TestPagesOnAPhoneWithoutScripts(t *testing.T) {
	t.Parallel()
	path := story.Chromium(t)
	s := media.Service(t)
	const width = 320
	b := &tab{s.Browser(t, path)}
	b.Must(chromedp.Do(b.Context, chromedp.EmulateViewport(width, 640, chromedp.EmulateMobile)))
	_, err := chromedp.Call(b.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.Must(err)
	b.SignIn("dana@example.test", s.Password(t, "dana@example.test"), "/zenith/")
	run := b.draws("Onamunusuallylongdaywithoutspaces" + strings.Repeat("x", 60))
	signIn(t, s, "dana@example.test").await(filepath.Base(run))
	for _, path := range []string{"/", "/zenith/", run, run + "?done=retry"} {
		b.Arrives(200, path, b.Visit(path))
		wide, err := chromedp.Run(b.Context, chromedp.Evaluate[int]("document.documentElement.scrollWidth"))
		b.Must(err)
		if wide > width {
			t.Errorf("%s is %d pixels wide on a phone of %d", path, wide, width)
		}
	}
	b.Shows("succeeded", "package.zip", "SHA256SUMS")
}

// tab is a page of a browser that shows a studio.
type tab struct{ *story.Tab }

// fillNew types into a field in place of what is there.
func fillNew(selector, text string) story.Action {
	return chromedp.SetValue(chromedp.CSS(selector), text)
}

// uploads publishes an image and returns the path of its run.
func (b *tab) uploads(title string, image []byte) (run string) {
	b.T.Helper()
	file := filepath.Join(b.T.TempDir(), "photo.png")
	b.Must(os.WriteFile(file, image, 0o600))
	b.Must(chromedp.Do(b.Context, chromedp.SetUploadFiles(chromedp.CSS("#upload-image"), []string{file})))
	return b.publishes(story.Fill("#upload-title", title), story.Click("#upload button"))
}

// draws publishes an image that is drawn, and returns the path of its run.
func (b *tab) draws(title string) (run string) {
	b.T.Helper()
	return b.publishes(fillNew("#sample-title", title), fillNew("#sample-side", "700"), story.Click("#sample button"))
}

func (b *tab) publishes(actions ...story.Action) (run string) {
	b.T.Helper()
	status, at := b.Step(actions...)
	if !regexp.MustCompile(`^/(acme|zenith)/runs/r[0-9a-z]{13}$`).MatchString(at) || status != 200 {
		b.T.Fatalf("publishing leads to %s with %d: %.2000s", at, status, b.Page())
	}
	return at
}

// state is that of the run, as the page shows it.
func (b *tab) state() string {
	b.T.Helper()
	state, err := chromedp.Run(b.Context, chromedp.Evaluate[string](`document.querySelector("#state").textContent`))
	b.Must(err)
	return state
}

// hasFiles follows the run that the page shows until it ends, without loading
// the page again, and opens what it made.
func (b *tab) hasFiles(run string) {
	b.T.Helper()
	// Only a page that was not loaded again has it.
	_, err := chromedp.Run(b.Context, chromedp.Evaluate[bool]("window.here = true"))
	b.Must(err)
	b.Becomes(`["succeeded", "failed"].includes(document.querySelector("#state").textContent)`)
	b.Becomes(`document.querySelectorAll("#result .thumbnails img").length === 2`)
	b.Becomes(`[...document.images].every((i) => i.complete && i.naturalWidth === i.width)`)
	b.Becomes(`window.here === true`)
	b.Shows("probe", "transcode", "thumbnails", "package", "notify", "cleanup", "640 ×", "SHA256SUMS")
	// Each file is what the page says it is.
	mistaken, err := chromedp.Run(b.Context, chromedp.Evaluate[string](`(async () => {
		const wrong = [];
		for (const row of document.querySelectorAll("#result tbody tr")) {
			const answer = await fetch(row.querySelector("a").href);
			const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await answer.arrayBuffer()));
			const sum = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
			if (!answer.ok || sum !== row.querySelector("code").textContent) wrong.push(row.innerText + " is " + answer.status + " " + sum);
		}
		return wrong.join("; ");
	})()`, chromedp.EvalAwaitPromise))
	b.Must(err)
	if mistaken != "" {
		b.T.Errorf("of the files of %s: %s", run, mistaken)
	}
}

// seesNothingOf asks for a run of the other studio in every way that a browser
// has.
func (b *tab) seesNothingOf(run string) {
	b.T.Helper()
	id := filepath.Base(run)
	b.Arrives(200, "/zenith/", b.Visit("/zenith/"))
	b.Shows("Drawn <b>")
	b.Hides(id, "From a browser")
	b.IsContent() // what is refused below is told to the console, too
	for path, status := range map[string]int64{"/acme/": 403, run: 403, "/zenith/runs/" + id: 404, "/api/v1/runs/" + id: 404} {
		b.Arrives(status, path, b.Visit(path))
		b.Hides("From a browser", "transcode", "package.zip")
	}
}
