package console_test

import (
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/berth-project/berth/console"
)

func TestPoliciesAreJudgedAsTheyAreTypedInABrowser(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newConsole(t, console.Config{}, console.Sources{}))
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
	text := `document.getElementById("lint-text")`

	do(chromedp.Navigate(server.URL + "/iam/lint"))
	until(ctx, t, text+` && window.htmx && (window.stays = true)`)
	do(chromedp.KeyEvent("/"))
	until(ctx, t, `document.activeElement === `+text)
	do(chromedp.KeyEvent(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:HeadBucket", "Resource": "arn:aws:s3:::media"}]}`))
	until(ctx, t, `document.getElementById("findings").textContent.includes("INVALID_ACTION")`)
	// The page stays, and so do the place of the caret and the focus.
	until(ctx, t, `window.stays && document.activeElement === `+text+` && `+text+`.selectionStart === `+text+`.value.length`)

	// The place of a finding leads to it.
	until(ctx, t, `(document.querySelector("#findings a.at").click(), document.activeElement === `+text+`)
		&& `+text+`.selectionStart < `+text+`.value.length && `+text+`.selectionStart === `+text+`.selectionEnd`)

	// What is mended is no longer found.
	do(chromedp.KeyEvent(kb.Control+"a"), chromedp.KeyEvent(kb.Delete))
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[int](text+`.select(), 0`)); err != nil {
		t.Fatal(err)
	}
	do(chromedp.KeyEvent(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::media"}]}`))
	until(ctx, t, `document.getElementById("findings").textContent.includes("Nothing found")`)
	for _, s := range said.take() {
		t.Error(s)
	}
}

func TestTheStatementThatDecidedIsMarkedInABrowser(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newConsole(t, console.Config{}, console.Sources{}))
	t.Cleanup(server.Close)
	ctx := tab(t)
	var said complaints
	said.listen(ctx, t)
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+"/iam")); err != nil {
		t.Fatal(err)
	}
	// The example is a link; the form asks the same without an address.
	until(ctx, t, `document.querySelector(".empty a") && (document.querySelector(".empty a").click(), true)`)
	until(ctx, t, `location.search && document.querySelector(".statement.decided")`)
	until(ctx, t, `document.querySelectorAll(".statement.decided").length === 1 && document.querySelector(".statement.decided").open
		&& document.querySelector(".statement.decided summary").textContent.includes("NotRaw")`)
	until(ctx, t, `(document.querySelector("[name=resource]").value = "arn:aws:s3:::media/1.jpg", document.querySelector("form.policies button.primary").click(), true)`)
	until(ctx, t, `!location.search && document.getElementById("verdict") && document.getElementById("verdict").textContent.includes("allowed")
		&& document.querySelector(".statement.decided summary").textContent.includes("Read")`)
	for _, s := range said.take() {
		t.Error(s)
	}
}
