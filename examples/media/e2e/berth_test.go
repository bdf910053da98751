// Package e2e_test runs the whole of it: Berth as it is built from this
// repository, the pipeline as its manifest says, and people who use it.
package e2e_test

import (
	"crypto/rand"
	"net"
	"net/url"
	"os"
	"testing"

	"github.com/berth-project/berth/examples/internal/story"
)

var media = story.New("examples/media", func(data string) ([]string, error) {
	work, err := freeAddress()
	return []string{"MEDIA_DATA=" + data, "MEDIA_WORK=" + work}, err
})

func TestMain(m *testing.M) { os.Exit(media.Main(m)) }

// freeAddress is one that nothing listens on at present: the manifest names it
// twice, so that it cannot be left to the system.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// person is somebody of a studio.
type person struct{ *story.Person }

func signIn(t *testing.T, s *story.Service, email string) *person {
	t.Helper()
	return &person{s.SignIn(t, email)}
}

// post sends a form, with a token of its own.
func post(path string, form url.Values) story.Request {
	if form == nil {
		form = url.Values{}
	}
	form.Set("key", rand.Text())
	return story.Form(path, form)
}
