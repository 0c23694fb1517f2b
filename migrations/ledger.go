package migrations

// The ledger, a file beside the folders of the namespaces.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/migrations/folder"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// Ledger records the migrations that have been applied to the stored state of one Worker. It
// is not safe for concurrent use. Another process is kept away by a [folder.Lock].
type Ledger struct {
	worker string
	dir    string // <persist>/v3/do; "" in memory
	rec    *record.Record
	// saved is the text of the file, nil if there is no file.
	saved []byte
	// revision counts the changes of rec: a plan that was made before the last one is refused.
	revision int
}

// Open reads the ledger of a Worker in a state folder. Without a file the ledger is
// empty; with persist "" it is in memory. A file that is damaged, or that a newer emu has
// written, is never overwritten: the error wraps [ErrUnreadable].
func Open(persist, worker string) (*Ledger, error) {
	if err := folder.CheckWorker(worker); err != nil {
		return nil, err
	}
	l := &Ledger{worker: worker, rec: &record.Record{Version: record.Version, Worker: worker}}
	if persist == "" {
		return l, nil
	}
	l.dir = folder.Dir(persist)
	info, err := os.Lstat(l.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err == nil {
		if why := folder.NotOwn(info); why != "" { // Apply would replace it with a file
			err = errors.New(why)
		}
	}
	if err != nil {
		return nil, unreadable(l.Path(), err)
	}
	data, err := os.ReadFile(l.Path())
	if err != nil {
		return nil, unreadable(l.Path(), err)
	}
	rec, err := record.Decode(data, worker)
	if err != nil {
		path := l.Path()
		var f *record.Fault
		if errors.As(err, &f) {
			at := (&diagnostic.Source{Text: string(data)}).Place(f.Offset(), f.Offset())
			path = fmt.Sprintf("%s:%d:%d", path, at.Line, at.Column)
		}
		return nil, unreadable(path, err)
	}
	l.rec, l.saved = rec, data
	return l, nil
}

// ErrUnreadable is wrapped by the error of [Open] about a file that cannot be used.
var ErrUnreadable = errors.New("migration ledger cannot be read")

type unreadableError struct {
	path string
	err  error
}

func unreadable(path string, err error) error { return &unreadableError{path, err} }

func (e *unreadableError) Error() string {
	return fmt.Sprintf(msgUnreadable, e.path, e.err)
}

func (e *unreadableError) Unwrap() []error { return []error{ErrUnreadable, e.err} }

// Take locks the state of a Worker with [folder.Take], and the folder of each namespace in its
// ledger.
func Take(persist, worker string) (*folder.Lock, error) {
	l, err := folder.Take(persist, worker)
	if l == nil || err != nil {
		return nil, err
	}
	ledger, err := Open(persist, worker)
	if err != nil {
		return l, nil // the caller opens the ledger next, or resets it
	}
	for _, ns := range ledger.rec.Namespaces() {
		if err := l.Hold(ns.UniqueKey); err != nil {
			l.Release()
			return nil, err
		}
	}
	return l, nil
}

// Path is the ledger's file, "" in memory.
func (l *Ledger) Path() string {
	if l.dir == "" {
		return ""
	}
	return filepath.Join(l.dir, l.worker+".emu-migrations.json")
}

// LastTag is the tag of the migration applied last, "" if there is none.
func (l *Ledger) LastTag() string { return l.rec.LastTag }

// Exists reports whether the namespace of a unique key has a folder.
func (l *Ledger) Exists(uniqueKey string) bool {
	if l.dir == "" {
		return false
	}
	info, err := os.Stat(filepath.Join(l.dir, uniqueKey))
	return err == nil && info.IsDir()
}

// holds reports whether the namespace of a unique key has an object. Its folder proves
// nothing: every start makes one, with the metadata.
func (l *Ledger) holds(uniqueKey string) bool {
	if l.dir == "" {
		return false
	}
	files, err := os.ReadDir(filepath.Join(l.dir, uniqueKey))
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist) // a folder that cannot be read may hold data
	}
	return slices.ContainsFunc(files, func(f fs.DirEntry) bool { return !strings.HasPrefix(f.Name(), "metadata.sqlite") })
}

// peer returns the ledger of another Worker in the same state folder. It returns nil if there
// is none, or none that can be read.
func (l *Ledger) peer(worker string) *Ledger {
	if l.dir == "" || worker == l.worker {
		return nil
	}
	peer, err := Open(filepath.Dir(filepath.Dir(l.dir)), worker)
	if err != nil || peer.saved == nil {
		return nil
	}
	return peer
}

// Assume records the migrations of cfg up to tag as applied, as if a Worker had been
// deployed with them. The ledger must be empty. The next [Ledger.Apply] writes the file.
func (l *Ledger) Assume(cfg *config.Config, tag string, now time.Time) error {
	if !l.rec.Empty() {
		return fmt.Errorf(msgAssumeNotEmpty, tag, l.rec.LastTag)
	}
	cut, err := Deployed(cfg, tag)
	if err != nil {
		return err
	}
	p := &planner{facts: &Facts{Config: cut, Now: now}, rec: l.rec.Clone(), ledger: l}
	for i, m := range cut.Migrations {
		p.migrate(i, m)
	}
	if len(p.Errors) > 0 {
		return errors.New(p.Errors[0].Text)
	}
	l.rec = p.rec
	l.revision++
	return nil
}

// Reset moves the ledger's file to the trash folder, also one that cannot be read. The next
// plan starts from the configuration and the folders that exist. Reset returns the new path
// of the file, "" if there was none.
func Reset(persist, worker string, now time.Time) (string, error) {
	if err := folder.CheckWorker(worker); err != nil {
		return "", err
	}
	l := &Ledger{worker: worker, dir: folder.Dir(persist)}
	if _, err := os.Lstat(l.Path()); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	to := folder.TrashPath(l.dir, filepath.Base(l.Path()), now)
	if err := folder.Move(l.Path(), to); err != nil {
		return "", err
	}
	return to, nil
}
