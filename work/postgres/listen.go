package postgres

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/berth-project/berth/work/store"
)

const allShards = "-1"

// channelPrefix is before the schema in the name of its channel; maxIdentifier is
// how long such a name may be: PostgreSQL listens to the beginning of a longer one,
// and refuses to notify it.
const (
	channelPrefix = "berth_"
	maxIdentifier = 63
)

// channel is where engines of one schema hear of each other.
func (s *Store) channel() string { return channelPrefix + s.schema }

// listen turns notifications into hints until ctx ends. While its connection
// is broken hints are lost; when it is back everybody is to look. tried is
// called when it listens for the first time, or cannot.
func (s *Store) listen(ctx context.Context, tried func()) {
	defer tried()
	var pause backoff
	for again := false; ; again = true {
		if pause.wait(ctx) != nil {
			return
		}
		err := s.hear(ctx, func() {
			pause = backoff{}
			tried()
			if again {
				s.hint(store.AllShards)
			}
		})
		tried()
		if ctx.Err() != nil {
			return
		}
		s.log.Warn("hints from PostgreSQL are not heard at present", "error", err)
		pause.failed()
	}
}

// hear listens until its connection breaks.
func (s *Store) hear(ctx context.Context, listening func()) error {
	conn, err := pgx.ConnectConfig(ctx, s.writers)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it has nothing to lose
	if _, err := conn.Exec(ctx, `LISTEN `+pgx.Identifier{s.channel()}.Sanitize()); err != nil {
		return err
	}
	listening()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if shard, err := strconv.Atoi(n.Payload); err == nil {
			s.hint(shard)
		}
	}
}

// hint is heard by whoever listens, if there is room.
func (s *Store) hint(shard int) {
	select {
	case s.wake <- shard:
	default:
	}
}
