package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/berth-project/berth/workflow"
)

// The topics a page can follow, beside those of work. Events of the first three
// only say that something changed; requests and log lines come as rows.
const (
	topicOverview  = "overview"
	topicProcesses = "processes"
	topicRoutes    = "routes"
	topicRequests  = "requests"
	topicLogs      = "logs"
)

var topics = [...]string{
	topicOverview, topicProcesses, topicRoutes, topicRequests, topicLogs,
	topicRuns, topicRun, topicStep, topicQueues, topicPools, topicTenants, topicSchedules, topicDead, topicDefinitions,
}

const (
	// maxStreams bounds the open streams of all tabs.
	maxStreams = 64
	// maxRows bounds the rows of one event: nobody reads more, and what is left
	// out is told.
	maxRows = 100
)

// pace is how often streams do what they do.
type pace struct {
	// look is the pause between two looks at a topic, batch how long rows
	// gather, heartbeat the longest silence, recheck the pause between two
	// questions whether the reader is still allowed, write how long a reader
	// may take to accept an event, work how long what happens to runs gathers.
	look, batch, heartbeat, recheck, write, work time.Duration
}

func defaultPace() pace {
	return pace{
		look: time.Second, batch: 100 * time.Millisecond, heartbeat: 15 * time.Second,
		recheck: 5 * time.Second, write: 10 * time.Second, work: 500 * time.Millisecond,
	}
}

// cursor is where a stream is. As an event id it lets a browser that lost the
// connection go on there.
type cursor struct {
	boot         string
	request, log uint64
}

// String reads "boot.request.log".
func (c cursor) String() string { return fmt.Sprintf("%s.%d.%d", c.boot, c.request, c.log) }

// parseCursor reads an event id; ok is false for one that is none.
func parseCursor(s string) (c cursor, ok bool) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return cursor{}, false
	}
	request, err1 := strconv.ParseUint(parts[1], 10, 64)
	log, err2 := strconv.ParseUint(parts[2], 10, 64)
	return cursor{boot: parts[0], request: request, log: log}, err1 == nil && err2 == nil
}

// stream is one open event stream.
type stream struct {
	c   *Console
	w   http.ResponseWriter
	out *http.ResponseController
	r   *http.Request
	at  cursor

	topics   []string
	requests requestFilter
	logs     logFilter
	// seen is the state of each topic when it was last told.
	seen map[string]uint64
	work workFeed
}

// errRefused ends the stream of a reader who is no longer allowed.
var errRefused = errors.New("reader is no longer allowed")

func (c *Console) events(w http.ResponseWriter, r *http.Request) {
	s, f := c.newStream(w, r)
	if f != nil {
		c.fail(w, r, f)
		return
	}
	if c.streams.Add(1) > maxStreams {
		c.streams.Add(-1)
		c.fail(w, r, faultBusy)
		return
	}
	defer c.streams.Add(-1)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	// The server's limit on reading a request would end the stream; the limit on
	// writing must not outlive it on a connection that does.
	_ = s.out.SetReadDeadline(time.Time{})
	defer func() { _ = s.out.SetWriteDeadline(time.Time{}) }()
	if err := s.run(); err != nil {
		c.src.Log.Debug("console stream ended", "error", err)
	}
}

func (c *Console) newStream(w http.ResponseWriter, r *http.Request) (*stream, *fault) {
	q := r.URL.Query()
	s := &stream{c: c, w: w, out: http.NewResponseController(w), r: r, seen: map[string]uint64{}}
	s.topics = strings.Split(q.Get("topics"), ",")
	for _, t := range s.topics {
		if !slices.Contains(topics[:], t) {
			return nil, invalid("The topics are not known.")
		}
	}
	var f *fault
	if s.requests, f = requestFilterOf(q); f != nil {
		return nil, f
	}
	if s.logs, f = logFilterOf(q); f != nil {
		return nil, f
	}
	if s.work, f = c.newWorkFeed(s.topics, q.Get("about")); f != nil {
		return nil, f
	}
	from := q.Get("from")
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		from = last
	}
	s.at, _ = parseCursor(from)
	return s, nil
}

// run writes events until the reader leaves or the server stops.
func (s *stream) run() error {
	if err := s.open(); err != nil {
		return err
	}
	p := s.c.pace
	look, heartbeat, recheck := time.NewTicker(p.look), time.NewTicker(p.heartbeat), time.NewTicker(p.recheck)
	defer look.Stop()
	defer heartbeat.Stop()
	defer recheck.Stop()
	for {
		requests, logs, err := s.rows()
		if err != nil {
			return err
		}
		select {
		case <-s.r.Context().Done():
			return nil
		case <-requests:
			err = s.pause(p.batch)
		case <-logs:
			err = s.pause(p.batch)
		case <-look.C:
			err = s.hints()
		case e, open := <-s.work.events:
			err = s.worked(e, open)
		case <-s.work.due:
			err = s.workHints()
		case <-heartbeat.C:
			err = s.write(": \n\n")
		case <-recheck.C:
			err = s.recheck()
		}
		if err != nil {
			return err
		}
	}
}

// open begins the answer. A reader that comes from another process of ours, or
// from longer ago than is kept, is told that it missed something.
func (s *stream) open() error {
	for _, t := range s.topics {
		s.seen[t] = s.c.fingerprint(s.r.Context(), t, s.work.run)
	}
	s.work.watch(s.r.Context(), s.c.src.Work, s.c.pace.work)
	if err := s.write("retry: 2000\n\n"); err != nil {
		return err
	}
	if s.at.boot == s.c.boot {
		return nil
	}
	known := s.at.boot != ""
	s.at = cursor{boot: s.c.boot}
	if !known {
		return nil
	}
	return s.event("resync", "Berth was started again.")
}

// pause lets rows gather.
func (s *stream) pause(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-s.r.Context().Done():
	case <-t.C:
	}
	return nil
}

func (s *stream) recheck() error {
	if _, f := s.c.guard.caller(s.r); f != nil {
		return errRefused
	}
	return nil
}

// hints tells which topics are out of date.
func (s *stream) hints() error {
	for _, t := range s.topics {
		now := s.c.fingerprint(s.r.Context(), t, s.work.run)
		if now == s.seen[t] {
			continue
		}
		s.seen[t] = now
		if err := s.event(t, strconv.FormatUint(now, 36)); err != nil {
			return err
		}
	}
	return nil
}

// rows sends what is new and returns channels that are closed when there is
// more.
func (s *stream) rows() (requests, logs <-chan struct{}, err error) {
	if slices.Contains(s.topics, topicRequests) && s.c.src.Requests != nil {
		if requests, err = s.requestRows(); err != nil {
			return nil, nil, err
		}
	}
	if slices.Contains(s.topics, topicLogs) && s.c.src.Logs != nil {
		logs, err = s.logRows()
	}
	return requests, logs, err
}

func (s *stream) requestRows() (<-chan struct{}, error) {
	all, more := s.c.src.Requests.Since(s.at.request)
	if len(all) == 0 {
		return more, nil
	}
	lost := all[0].Seq - s.at.request - 1
	s.at.request = all[len(all)-1].Seq
	rows := s.c.requestRows(all, s.requests)
	if len(rows) > maxRows {
		lost, rows = lost+uint64(len(rows)-maxRows), rows[:maxRows]
	}
	return more, s.send("requests", "request_rows", rows, len(rows), lost)
}

func (s *stream) logRows() (<-chan struct{}, error) {
	all, more := s.c.src.Logs.Since(s.at.log)
	if len(all) == 0 {
		return more, nil
	}
	lost := all[0].Seq - s.at.log - 1
	s.at.log = all[len(all)-1].Seq
	rows := logRows(all, s.logs)
	if len(rows) > maxRows {
		lost, rows = lost+uint64(len(rows)-maxRows), rows[:maxRows]
	}
	return more, s.send("logs", "log_rows", rows, len(rows), lost)
}

// send writes rows, and how many are missing before them.
func (s *stream) send(topic, template string, rows any, n int, lost uint64) error {
	if lost > 0 {
		if err := s.event("resync", number(lost)+" came too fast to be shown."); err != nil {
			return err
		}
	}
	if n == 0 {
		return nil
	}
	var html bytes.Buffer
	if err := s.c.pages[topic].ExecuteTemplate(&html, template, rows); err != nil {
		return err
	}
	return s.event(topic, html.String())
}

// event writes one event; data may have lines.
func (s *stream) event(name, data string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "id: %s\nevent: %s\n", s.at, name)
	// A bare CR would end a line, too, and let data write fields of its own.
	data = strings.ReplaceAll(data, "\r", " ")
	for line := range strings.Lines(data) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString("data: ")
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	b.WriteByte('\n')
	return s.write(b.String())
}

// write gives up on a reader that does not read: the kernel's buffer is the
// only queue it gets.
func (s *stream) write(text string) error {
	if err := s.out.SetWriteDeadline(time.Now().Add(s.c.pace.write)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.out.Flush()
}

// fingerprint is a number that changes when what a topic's page shows does; run is
// the one that the page is about.
func (c *Console) fingerprint(ctx context.Context, topic string, run workflow.RunID) uint64 {
	var data any
	switch topic {
	case topicOverview:
		data = c.overviewData(ctx)
	case topicProcesses:
		data = c.statuses()
	case topicRoutes:
		data = c.routeData()
	default:
		if data = c.workData(ctx, topic, run); data == nil {
			return 0
		}
	}
	h := fnv.New64a()
	_ = json.NewEncoder(h).Encode(data) // plain data: there is nothing to fail
	return h.Sum64()
}
