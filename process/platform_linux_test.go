package process

import (
	"os"
	"testing"
	"time"
)

func TestStatOfAProgramWithAnAwkwardName(t *testing.T) {
	t.Parallel()
	text := "42 (a) Z (b) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 1 0 99 1000 25 18446744073709551615"
	got, ok := parseStat(42, text)
	want := procStat{pid: 42, parent: 7, group: 42, state: 'S', cpu: 2 * time.Second, resident: 25 * int64(os.Getpagesize())}
	if !ok || got != want {
		t.Errorf("parseStat() = %+v, %v; want %+v", got, ok, want)
	}
	if _, ok := parseStat(1, "1 (short) S"); ok {
		t.Error("a short line is taken")
	}
}
