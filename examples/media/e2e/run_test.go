package e2e_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // what the pipeline makes
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/examples/internal/story"
)

// runView is what the engine's API says of a run, as far as it is looked at.
type runView struct {
	ID       string    `json:"id"`
	Tenant   string    `json:"tenant"`
	State    string    `json:"state"`
	Created  time.Time `json:"created"`
	Finished time.Time `json:"finished"`
	Detail   struct {
		Failure *failure
		Output  struct {
			Package, Sums madeFile
			Files         []madeFile
		}
		Steps []stepView
	} `json:"detail"`
}

type failure struct{ Code, Message, Step string }

type madeFile struct {
	Name          string
	Bytes         int
	SHA256        string
	Width, Height int
}

type standing struct {
	Status                     string
	Attempt, Failures, Crashes int
	Failure                    *failure
}

type stepView struct {
	Name string
	standing
	Items []struct {
		Item int
		standing
	}
}

func (r runView) step(t *testing.T, name string) stepView {
	t.Helper()
	for _, s := range r.Detail.Steps {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("run %s has no step %q", r.ID, name)
	return stepView{}
}

// photo is a PNG that nobody else has, with one half lighter than the other.
func photo(t *testing.T, width, height int) []byte {
	t.Helper()
	noise := make([]byte, width)
	_, _ = rand.Read(noise) // never fails
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.RGBA{30, 30, noise[x] / 8, 255}
			if x >= width/2 {
				c = color.RGBA{220, 220, 220, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// upload is a form with an image.
func upload(t *testing.T, tenant string, img []byte) story.Request {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("key", rand.Text())
	_ = form.WriteField("title", "Two halves")
	part, err := form.CreateFormFile("image", "photo.png")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(img) // into memory
	_ = form.Close()
	return story.Request{Method: "POST", Path: "/" + tenant + "/runs", Kind: form.FormDataContentType(), Body: body.String()}
}

// submit sends a form that leads to a run, and gives the run's id.
func (p *person) submit(rq story.Request) string {
	p.T.Helper()
	where := p.Want(rq, http.StatusSeeOther).Header.Get("Location")
	_, id, ok := strings.Cut(where, "/runs/")
	if !ok {
		p.T.Fatalf("POST %s leads to %q, want a run", rq.Path, where)
	}
	return id
}

// look gives a run as the engine's API shows it to this person.
func (p *person) look(id string) runView {
	p.T.Helper()
	var v runView
	if err := json.Unmarshal([]byte(p.Want(story.Get("/api/v1/runs/"+id), 200).Text), &v); err != nil {
		p.T.Fatalf("run %s: %v", id, err)
	}
	return v
}

// await follows the run by the engine's API until it is final.
func (p *person) await(id string) runView {
	p.T.Helper()
	p.stream("/api/v1/runs/"+id+"/watch", func(event, _ string) bool { return false })
	return p.look(id)
}

// stream reads server-sent events until one is enough or the stream ends.
func (p *person) stream(path string, enough func(event, data string) bool) {
	p.T.Helper()
	ctx, cancel := context.WithTimeout(p.T.Context(), story.Patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Service.URL+path, nil)
	if err != nil {
		p.T.Fatal(err)
	}
	res, err := p.Client.Do(r)
	if err != nil {
		p.T.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 {
		p.T.Fatalf("GET %s = %d", path, res.StatusCode)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 4<<20)
	event := ""
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			event = name
		} else if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && enough(event, data) {
			return
		}
	}
	if err := lines.Err(); err != nil {
		p.T.Fatalf("GET %s: %v", path, err)
	}
}

// file downloads what a run made.
func (p *person) file(v runView, name string) []byte {
	p.T.Helper()
	a := p.Want(story.Get("/"+v.Tenant+"/runs/"+v.ID+"/files/"+name), 200)
	if a.Header.Get("X-Accel-Redirect") != "" {
		p.T.Error("the client is told where the file is")
	}
	return []byte(a.Text)
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func TestPublishesAnImageInSeveralSizes(t *testing.T) {
	t.Parallel()
	eli := signIn(t, media.Service(t), "eli@acme.test")
	form := upload(t, "acme", photo(t, 1000, 500))
	id := eli.submit(form)
	if again := eli.submit(form); again != id {
		t.Errorf("the same form again made the run %s, want %s", again, id)
	}
	v := eli.await(id)
	if v.State != "succeeded" || v.Tenant != "acme" {
		t.Fatalf("run = %s of %s: %+v", v.State, v.Tenant, v.Detail.Failure)
	}
	var names []string
	for _, f := range v.Detail.Output.Files {
		body := eli.file(v, f.Name)
		if len(body) != f.Bytes || sum(body) != f.SHA256 {
			t.Errorf("%s has %d bytes and SHA-256 %s, want %d and %s", f.Name, len(body), sum(body), f.Bytes, f.SHA256)
		}
		checkImage(t, f, body)
		names = append(names, fmt.Sprintf("%s %d×%d", f.Name, f.Width, f.Height))
	}
	want := "image-960.jpg 960×480, image-640.jpg 640×320, image-320.jpg 320×160, square-128.png 128×128, square-48.png 48×48"
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("files = %s, want %s", got, want)
	}
	eli.checkPackage(v)
	if page := eli.Want(story.Get("/acme/"), 200); !strings.Contains(page.Text, `href="/acme/runs/`+id+`"><strong>Two halves`) {
		t.Error("the library does not have the run: nobody was notified")
	}
}

// checkImage decodes what was made: the size, and that its halves are still
// dark and light.
func checkImage(t *testing.T, f madeFile, body []byte) {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(body))
	if err != nil {
		t.Errorf("%s: %v", f.Name, err)
		return
	}
	b := img.Bounds()
	if b.Dx() != f.Width || b.Dy() != f.Height {
		t.Errorf("%s is %v, want %d×%d", f.Name, b, f.Width, f.Height)
	}
	left, _, _, _ := img.At(b.Dx()/4, b.Dy()/2).RGBA()
	right, _, _, _ := img.At(3*b.Dx()/4, b.Dy()/2).RGBA()
	if left>>8 > 60 || right>>8 < 190 {
		t.Errorf("%s has the brightness %d and %d, want about 30 and 220", f.Name, left>>8, right>>8)
	}
}

// checkPackage unpacks the package and checks its checksums as sha256sum would.
func (p *person) checkPackage(v runView) {
	p.T.Helper()
	out := v.Detail.Output
	body := p.file(v, out.Package.Name)
	if sum(body) != out.Package.SHA256 {
		p.T.Errorf("package has the SHA-256 %s, want %s", sum(body), out.Package.SHA256)
	}
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		p.T.Fatal(err)
	}
	inside := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			p.T.Fatal(err)
		}
		if inside[f.Name], err = io.ReadAll(r); err != nil {
			p.T.Fatal(err)
		}
	}
	if len(inside) != len(out.Files)+1 {
		p.T.Errorf("package has %d files, want %d and their checksums", len(inside), len(out.Files))
	}
	if got := p.file(v, out.Sums.Name); !bytes.Equal(got, inside[out.Sums.Name]) {
		p.T.Errorf("checksums in the package:\n%s\nbeside it:\n%s", inside[out.Sums.Name], got)
	}
	lines := strings.Split(strings.TrimSpace(string(inside[out.Sums.Name])), "\n")
	if len(lines) != len(out.Files) {
		p.T.Errorf("there are %d checksums of %d files", len(lines), len(out.Files))
	}
	for _, line := range lines {
		want, name, _ := strings.Cut(line, "  ")
		if got := sum(inside[name]); got != want {
			p.T.Errorf("%s in the package has the SHA-256 %s, want %s", name, got, want)
		}
	}
}

func TestPagesFollowARun(t *testing.T) {
	t.Parallel()
	zoe := signIn(t, media.Service(t), "zoe@zenith.test")
	id := zoe.submit(post("/zenith/runs", url.Values{"title": {"Drawn"}, "side": {"700"}}))
	last, ended := "", false
	zoe.stream("/zenith/runs/"+id+"/events", func(event, data string) bool {
		switch event {
		case "show":
			last = data
		case "end":
			ended = true
		}
		return ended
	})
	var shown struct{ ID, HTML string }
	if err := json.Unmarshal([]byte(last), &shown); err != nil || !ended {
		t.Fatalf("the stream ended: %t; last %q, %v", ended, last, err)
	}
	for _, want := range []string{`class="status succeeded">succeeded`, "/zenith/runs/" + id + "/files/package.zip", "square-48.png?inline=1"} {
		if shown.ID != "run" || !strings.Contains(shown.HTML, want) {
			t.Errorf("the page shows in %q no %q:\n%s", shown.ID, want, shown.HTML)
		}
	}
	inline := zoe.Want(story.Get("/zenith/runs/"+id+"/files/square-48.png?inline=1"), 200)
	if inline.Header.Get("Content-Type") != "image/png" || inline.Header.Get("Content-Disposition") != "" {
		t.Errorf("a thumbnail is %q, %q", inline.Header.Get("Content-Type"), inline.Header.Get("Content-Disposition"))
	}
}

func TestDamagedImages(t *testing.T) {
	t.Parallel()
	eli := signIn(t, media.Service(t), "eli@acme.test")
	eli.Want(upload(t, "acme", []byte("not an image")), 422)
	eli.Want(upload(t, "acme", make([]byte, 22<<20)), 413)
	// The head is right, so that the app takes it; the rest is missing. No
	// second attempt would find more.
	whole := photo(t, 900, 600)
	v := eli.await(eli.submit(upload(t, "acme", whole[:len(whole)/2])))
	s := v.step(t, "transcode")
	if v.State != "failed" || v.Detail.Failure == nil || v.Detail.Failure.Code != "media.refused" || s.Items[0].Attempt != 1 {
		t.Errorf("run of a damaged image = %s %+v, transcode %+v, want it failed with media.refused at once", v.State, v.Detail.Failure, s)
	}
	if got := v.step(t, "cleanup").Status; got != "succeeded" {
		t.Errorf("cleanup = %s, want it done whatever became of the run", got)
	}
	eli.Want(story.Get("/acme/runs/"+v.ID+"/files/package.zip"), 404)
	eli.Want(post("/acme/runs/"+v.ID+"/retry", nil), 303)
	if again := eli.await(v.ID); again.State != "failed" {
		t.Errorf("retried, the run = %s", again.State)
	}
}
