package migration_test

import (
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/internal/migration"
)

func TestReadGivesFilesInOrderOfTheirNumbers(t *testing.T) {
	t.Parallel()
	got, err := migration.Read(fstest.MapFS{
		"0002_more.sql":  {Data: []byte("CREATE TABLE b (n)")},
		"0001_begin.sql": {Data: []byte("CREATE TABLE a (n)")},
		"README.md":      {Data: []byte("not one")},
	})
	want := []migration.Migration{
		{Number: 1, Name: "0001_begin.sql", Text: "CREATE TABLE a (n)"},
		{Number: 2, Name: "0002_more.sql", Text: "CREATE TABLE b (n)"},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Read = %v (-want +got):\n%s", err, diff)
	}
}

func TestReadRefusesAGap(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"0002_a.sql", "a.sql", "_a.sql", "0_a.sql"} {
		if _, err := migration.Read(fstest.MapFS{name: {}}); err == nil {
			t.Errorf("Read of %s alone succeeded, want an error", name)
		}
	}
}

func TestAfterRefusesANewerSchema(t *testing.T) {
	t.Parallel()
	list := []migration.Migration{{Number: 1}, {Number: 2}}
	for version, want := range []int{2, 1, 0} {
		if got, err := migration.After(list, version); err != nil || len(got) != want {
			t.Errorf("After(%d) = %d migrations, %v; want %d", version, len(got), err, want)
		}
	}
	if _, err := migration.After(list, 3); err == nil {
		t.Error("After(3) of 2 migrations succeeded, want an error")
	}
}

func Example() {
	list, err := migration.Read(fstest.MapFS{"0001_begin.sql": {Data: []byte("CREATE TABLE a (n INTEGER)")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	missing, err := migration.After(list, 0)
	fmt.Println(missing[0].Name, err)
	// Output: 0001_begin.sql <nil>
}
