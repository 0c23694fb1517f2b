package migrations

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/migrations/folder"
)

// TestStatus: it says of every class where the data lies.
func TestStatus(t *testing.T) {
	dir := t.TempDir()
	v1 := with("v1", "s:Chat Gone Old", "n:Log")
	start(t, open(t, dir), conf(v1))
	for _, key := range []string{"w-Chat", "w-Gone", "w-Old"} {
		put(t, dir, key)
	}
	start(t, open(t, dir), conf(v1, with("v2", "d:Old")), func(f *Facts) { f.Purge = true })
	last := conf(v1, with("v2", "d:Old"), with("v3", "d:Gone", "r:Chat>Room"))
	start(t, open(t, dir), last)
	// A branch has a class of its own, and the trash things of others.
	start(t, open(t, dir), conf(v1, with("v2b", "s:Branch")))
	for _, name := range []string{"README", "w-Chat-2-20261123T120000.000Z", "w-Old-20261123T120000.000Z~2"} {
		if err := os.Mkdir(filepath.Join(folder.Dir(dir), ".trash", name), 0o777); err != nil {
			t.Fatal(err)
		}
	}

	s, err := open(t, dir).Status()
	if err != nil {
		t.Fatal(err)
	}
	show := func(all []Stored) string {
		var lines []string
		for _, x := range all {
			line := fmt.Sprintf("%s %s %s %s>%s in %s trash %s", x.Class, x.Storage, x.UniqueKey, x.CreatedByTag, x.DeletedByTag, x.Folder, strings.Join(x.Trash, ","))
			if x.DeletedAt != nil {
				line += " at " + x.DeletedAt.Format("2006-01-02")
			}
			lines = append(lines, filepath.ToSlash(strings.ReplaceAll(line, folder.Dir(dir), "DO")))
		}
		return strings.Join(lines, "\n")
	}
	equal(t, "last tag", s.LastTag, "v3")
	equal(t, "classes", show(s.Classes), "Log kv w-Log v1> in  trash \nRoom sqlite w-Chat v1> in DO/w-Chat trash ")
	equal(t, "deleted", show(s.Deleted),
		"Old sqlite w-Old v1>v2 in  trash DO/.trash/w-Old-20261123T120000.000Z,DO/.trash/w-Old-20261123T120000.000Z~2 at 2026-11-23\n"+
			"Gone sqlite w-Gone v1>v3 in DO/w-Gone trash  at 2026-11-23")
	equal(t, "aside", show(s.Aside), "Branch sqlite w-Branch v2b> in  trash ")

	s, err = memory(t, "w").Status()
	if err != nil || s.LastTag != "" || len(s.Classes)+len(s.Deleted)+len(s.Aside) != 0 {
		t.Errorf("in memory: %+v, %v", s, err)
	}
}
