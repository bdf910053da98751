package static

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// maxHashed is the size up to which a tag is made of the content.
	maxHashed = 1 << 20
	// maxBody is the size up to which content is kept in memory, and
	// maxBodies how much of it altogether.
	maxBody   = 32 << 10
	maxBodies = 4 << 20
	// maxEntries bounds how many files are remembered.
	maxEntries = 4096
	// settle is how long a file must have been left alone before what was read
	// of it is believed later: two changes within the resolution of its times
	// look like one.
	settle = 2 * time.Second
)

// stamp is what tells one state of a file from another.
type stamp struct {
	size, modified, changed int64 // bytes, Unix nanoseconds
	device, inode           uint64
}

// settled reports whether the file was left alone for long enough. The change
// time tells, where there is one: the other can be set, to the future as well.
func (s stamp) settled(now time.Time) bool {
	return cmp.Or(s.changed, s.modified) < now.Add(-settle).UnixNano()
}

// entry is what is known of one state of a file: the header values, ready to be
// put into a response, and the content when it is small. It is shared between
// responses and never changed.
type entry struct {
	stamp    stamp
	path     string // in the file system
	modTime  time.Time
	length   []string
	etag     []string
	modified []string // nil when the time says nothing
	body     []byte   // nil when not kept
}

// cache remembers entries by name.
type cache struct {
	mu      sync.RWMutex
	entries map[string]*entry // guarded by mu
	bodies  int               // bytes of content kept, guarded by mu
}

// current returns the entry of a small file whose path still leads to the very
// file that was read. That file was reached through the root and none of its
// bytes, links or places have changed since, or its change time would have; so
// there is nothing left to check, and one system call does what several do.
func (c *cache) current(name string) *entry {
	c.mu.RLock()
	e := c.entries[name]
	c.mu.RUnlock()
	if e == nil || e.body == nil {
		return nil
	}
	if s, regular := stampAt(e.path); !regular || s != e.stamp {
		return nil
	}
	return e
}

func (c *cache) lookup(name string, s stamp) *entry {
	c.mu.RLock()
	e := c.entries[name]
	c.mu.RUnlock()
	if e == nil || e.stamp != s {
		return nil
	}
	return e
}

// store keeps e, at the cost of others when there is no room.
func (c *cache) store(name string, e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(name)
	for other := range c.entries {
		if len(c.entries) < maxEntries && c.bodies+len(e.body) <= maxBodies {
			break
		}
		c.drop(other)
	}
	c.entries[strings.Clone(name)] = e
	c.bodies += len(e.body)
}

func (c *cache) drop(name string) {
	if e := c.entries[name]; e != nil {
		c.bodies -= len(e.body)
		delete(c.entries, name)
	}
}

// load returns what is known of a file, reading it when that is nothing or out
// of date. Unless the entry holds the body, or only the head is wanted, the
// open file comes with it, rewound; the caller closes it.
func (h *Handler) load(f file) (*entry, *os.File, error) {
	e := h.cache.lookup(f.name, stampOf(f.info))
	if e != nil && (e.body != nil || f.headOnly) {
		return e, nil, nil
	}
	now := h.cfg.Now()
	opened, info, err := h.root.openFile(f.name, now)
	if err != nil {
		return nil, nil, fromFS(err)
	}
	if e != nil && e.stamp == stampOf(info) {
		return e, opened, nil
	}
	e, err = newEntry(opened, info, f.encoding, now)
	if err != nil {
		return nil, nil, &Error{Status: http.StatusInternalServerError, Err: errors.Join(err, opened.Close())}
	}
	if e.stamp.settled(now) {
		e.path = filepath.Join(h.cfg.Root, filepath.FromSlash(f.name))
		h.cache.store(f.name, e)
	}
	return e, opened, nil
}

// newEntry reads what is to be known of a file and rewinds it.
func newEntry(f *os.File, info fs.FileInfo, encoding string, now time.Time) (*entry, error) {
	e := &entry{
		stamp:   stampOf(info),
		modTime: info.ModTime(),
		length:  []string{strconv.FormatInt(info.Size(), 10)},
	}
	if e.modTime.Unix() > 0 {
		e.modified = []string{e.modTime.UTC().Format(http.TimeFormat)}
	}
	if info.Size() > maxHashed {
		e.etag = []string{e.stamp.tag(encoding, now)}
		return e, nil
	}
	hash := sha256.New()
	var sink io.Writer = hash
	if info.Size() <= maxBody {
		e.body = make([]byte, 0, info.Size())
		sink = io.MultiWriter(hash, appender{&e.body})
	}
	if _, err := io.CopyN(sink, f, info.Size()); err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Name(), err) // io.EOF: it shrank meanwhile
	}
	e.etag = []string{contentTag(hash.Sum(nil), encoding)}
	_, err := f.Seek(0, io.SeekStart)
	return e, err
}

// appender writes to the end of a slice.
type appender struct{ to *[]byte }

// Write implements io.Writer.
func (a appender) Write(p []byte) (int, error) {
	*a.to = append(*a.to, p...)
	return len(p), nil
}

// contentTag is a strong tag made of a hash of the bytes. The encoding is part
// of it: the same bytes under another Content-Encoding are another
// representation.
func contentTag(sum []byte, encoding string) string {
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + suffix(encoding) + `"`
}

// tag is made of what is known without reading the file; it is weak while the
// file may still be changing.
func (s stamp) tag(encoding string, now time.Time) string {
	tag := fmt.Sprintf(`"%x-%x-%x-%x%s"`, s.size, s.modified, s.changed, s.inode, suffix(encoding))
	if !s.settled(now) {
		return "W/" + tag
	}
	return tag
}

func suffix(encoding string) string {
	if encoding == "" {
		return ""
	}
	return "-" + encoding
}
