package container

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/berth-project/berth/work"
	"github.com/google/go-cmp/cmp"
)

func frame(stream byte, text string) string {
	header := []byte{stream, 0, 0, 0}
	return string(binary.BigEndian.AppendUint32(header, uint32(len(text)))) + text
}

func TestDemultiplex(t *testing.T) {
	t.Parallel()
	var out, err bytes.Buffer
	stream := frame(1, "a\nb") + frame(2, "e1\n") + frame(1, "c\n") + frame(0, "i") + frame(1, "") + frame(3, "engine\n")
	if e := demultiplex(strings.NewReader(stream), &out, &err); e != nil {
		t.Fatal(e)
	}
	if out.String() != "a\nbc\ni" || err.String() != "e1\nengine\n" {
		t.Errorf("demultiplex() = %q, %q", out.String(), err.String())
	}
	for _, broken := range []string{"\x01", frame(1, "abc")[:9], frame(1, "abc")[:8], "HTTP/1.1 200", frame(4, "a")} {
		if e := demultiplex(strings.NewReader(broken), io.Discard, io.Discard); e == nil {
			t.Errorf("demultiplex(%q) = nil, want an error", broken)
		}
	}
}

func FuzzDemultiplex(f *testing.F) {
	f.Add([]byte(frame(1, "a") + frame(2, "b")))
	f.Add([]byte{1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		var out, err bytes.Buffer
		_ = demultiplex(bytes.NewReader(data), &out, &err)
		if out.Len()+err.Len() > len(data) {
			t.Errorf("demultiplex(%q) wrote more than it read", data)
		}
	})
}

func archive(headers ...tar.Header) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		_ = w.WriteHeader(&h)
		_, _ = w.Write(bytes.Repeat([]byte("1"), int(h.Size)))
	}
	_ = w.Close()
	return b.Bytes()
}

func TestReadFileTakesOneRegularFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		data []byte
		want string
		err  string
	}{
		"file":      {archive(tar.Header{Name: "result.json", Size: 3}), "111", ""},
		"empty":     {archive(tar.Header{Name: "result.json"}), "", ""},
		"link":      {archive(tar.Header{Name: "result.json", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}), "", "not a regular file"},
		"directory": {archive(tar.Header{Name: "result.json/", Typeflag: tar.TypeDir}), "", "not a regular file"},
		"large":     {archive(tar.Header{Name: "result.json", Size: 11}), "", "too large"},
		"nothing":   {nil, "", "EOF"},
		"garbage":   {bytes.Repeat([]byte("x"), 2000), "", "archive"},
	} {
		got, err := readFile(bytes.NewReader(c.data), 10)
		if string(got) != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: readFile() = %q, %v; want %q, %q", name, got, err, c.want, c.err)
		}
	}
}

func FuzzReadFile(f *testing.F) {
	f.Add(archive(tar.Header{Name: "result.json", Size: 3}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, err := readFile(bytes.NewReader(data), 10); err == nil && len(got) > 10 {
			t.Errorf("readFile(%q) = %q, more than it may be", data, got)
		}
	})
}

// TestAContainerIsAskedForStrictly holds what is asked of an engine without one.
func TestAContainerIsAskedForStrictly(t *testing.T) {
	t.Parallel()
	e, err := New(Options{Images: map[string]Image{"encode": {Image: "a"}}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.program(work.Task{Type: "encode"})
	if err != nil {
		t.Fatal(err)
	}
	p.Limits.Memory, p.Limits.CPUs = 64<<20, 1.5
	want := hostConfig{
		NetworkMode: "none", ReadonlyRootfs: true, CapDrop: []string{"ALL"}, SecurityOpt: []string{"no-new-privileges"},
		Memory: 64 << 20, MemorySwap: 64 << 20, NanoCPUs: 1_500_000_000, PidsLimit: 256,
		Ulimits:   []ulimit{{"nofile", 1024, 1024}, {"core", 0, 0}},
		Tmpfs:     map[string]string{"/tmp": "rw,nosuid,nodev,mode=1777"},
		Mounts:    []mount{{Type: "volume", Target: "/berth"}},
		LogConfig: logConfig{"json-file", map[string]string{"max-size": "33554432"}},
	}
	if diff := cmp.Diff(want, e.spec(work.Task{}, p).HostConfig); diff != "" {
		t.Errorf("what a container is asked for (-want +got):\n%s", diff)
	}
}

func TestFilesAreThereForTheirUser(t *testing.T) {
	t.Parallel()
	type file struct {
		Name     string
		Mode     int64
		UID, GID int
		Data     string
	}
	var got []file
	r := tar.NewReader(bytes.NewReader(files(work.Task{State: []byte("7")}, nil, "1000:50")))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, _ := io.ReadAll(r)
		got = append(got, file{h.Name, h.Mode, h.Uid, h.Gid, string(data)})
	}
	want := []file{
		{"payload.json", 0o444, 1000, 50, "null"}, {"state.json", 0o444, 1000, 50, "7"}, {"result.json", 0o666, 1000, 50, ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("0a", 32)
	for text, want := range map[string]string{
		"busybox":                            "docker.io/library/busybox:latest",
		"busybox:1.36":                       "docker.io/library/busybox:1.36",
		"team/encode":                        "docker.io/team/encode:latest",
		"localhost/encode":                   "localhost/encode:latest",
		"localhost:5000/encode":              "localhost:5000/encode:latest",
		"registry.example.org/a/b:V1":        "registry.example.org/a/b:V1",
		"registry.example.org:5000/a:1":      "registry.example.org:5000/a:1",
		"registry.example.org/a@" + digest:   "registry.example.org/a@" + digest,
		"registry.example.org/a:1@" + digest: "registry.example.org/a@" + digest,
		"":                                   "", "UPPER": "", "a b": "", "a/../b?x=1": "", "a@sha256:1": "", "-a": "", "a/": "", "http://a": "", strings.Repeat("a", 600): "",
	} {
		ref, err := parseReference(text)
		if (err == nil) != (want != "") || err == nil && ref.String() != want {
			t.Errorf("parseReference(%q) = %v, %v; want %q", text, ref, err, want)
		}
	}
}

func FuzzParseReference(f *testing.F) {
	f.Add("registry.example.org:5000/team/encode:1.2")
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := parseReference(text)
		if err != nil {
			return
		}
		if again, err := parseReference(ref.String()); err != nil || again != ref || strings.ContainsAny(ref.String(), "?#% ") {
			t.Errorf("parseReference(%q) = %q, which is %+v, %v", text, ref, again, err)
		}
	})
}

func TestPatternsOfImages(t *testing.T) {
	t.Parallel()
	f := &Free{Images: []string{"registry.example.org/team/*", "docker.io/library/busybox", "docker.io/library/alpine:3.*"}}
	for text, want := range map[string]bool{
		"registry.example.org/team/a:1": true, "registry.example.org/team/a/b": true, "registry.example.org/teams/a": false,
		"registry.example.org.evil.test/team/a": false, "busybox": true, "busybox:2": true, "evil/busybox": false,
		"alpine:3.20": true, "alpine:2": false, "alpine": false,
	} {
		ref, err := parseReference(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.allows(ref); got != want {
			t.Errorf("allows(%s) = %v, want %v", ref, got, want)
		}
	}
}

func TestThePullThatBreaksAfterItBegan(t *testing.T) {
	t.Parallel()
	for stream, want := range map[string]string{
		"": "", `{"status":"a"}{"status":"b"}`: "", `{"status":"a"}` + "\n" + `{"error":"denied"}`: "denied", `{"status":`: "EOF", "<html>": "invalid",
	} {
		err := pullError(strings.NewReader(stream))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("pullError(%q) = %v, want %q", stream, err, want)
		}
	}
}

func TestTheOlderVersionIsSpoken(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{"1.41": "1.41", "1.44": "1.44", "1.50": "1.44", "": "1.44", "x": "1.44", "2.0": "1.44", "1.-1": "1.44"} {
		if got := older(version, "1.44"); got != want {
			t.Errorf("older(%q, 1.44) = %q, want %q", version, got, want)
		}
	}
}
