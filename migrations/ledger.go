package migrations

// The ledger: a file beside the namespaces' folders.

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
	"github.com/seed-36a2c969/emu/migrations/folder"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// Ledger is the record of what was applied to one Worker's local state. It is
// not safe for concurrent use; between processes hold a [Lock].
type Ledger struct {
	worker string
	dir    string // <persist>/v3/do; "" in memory
	rec    *record.Record
	// saved is the file's text as read or written last; nil if there is none.
	saved []byte
	// revision counts the changes of rec, to know a plan that is out of date.
	revision int
}

// Open reads the ledger of a Worker in a state folder. A file that is not
// there is an empty ledger. With persist "" the ledger is in memory only.
// A file that is damaged, or that a newer emu wrote, is an error that wraps
// [ErrUnreadable]; it is never overwritten.
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
		if why := folder.NotOwn(info); why != "" { // it would be replaced by a file
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
			line, column := f.LineColumn(data)
			path = fmt.Sprintf("%s:%d:%d", path, line, column)
		}
		return nil, unreadable(path, err)
	}
	l.rec, l.saved = rec, data
	return l, nil
}

// ErrUnreadable is wrapped by the error of [Open] for a ledger that is there
// and cannot be used.
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

// Take locks a Worker's state below persist with the namespaces that its ledger knows,
// or fails at once with an [InUseError] if another process, or another Lock of this
// one, holds it. With persist "" there is nothing to lock and the Lock is nil.
func Take(persist, worker string) (*folder.Lock, error) {
	l, err := folder.Take(persist, worker)
	if l == nil || err != nil {
		return nil, err
	}
	ledger, err := Open(persist, worker)
	if err != nil {
		return l, nil // who uses the ledger is the one to say it
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

// Holds reports whether the namespace of a unique key has an object: more than the
// metadata that every start makes.
func (l *Ledger) Holds(uniqueKey string) bool {
	if l.dir == "" {
		return false
	}
	files, err := os.ReadDir(filepath.Join(l.dir, uniqueKey))
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist) // what cannot be seen is not to be lost
	}
	return slices.ContainsFunc(files, func(f fs.DirEntry) bool { return !strings.HasPrefix(f.Name(), "metadata.sqlite") })
}

// Peer returns the ledger of another Worker in the same state folder, or nil
// if it has none that can be read.
func (l *Ledger) Peer(worker string) *Ledger {
	if l.dir == "" {
		return nil
	}
	peer, err := Open(filepath.Dir(filepath.Dir(l.dir)), worker)
	if err != nil || peer.saved == nil {
		return nil
	}
	return peer
}

// Assume records the migrations of cfg up to and including tag as applied, as
// if the state came from a Worker deployed at that tag. The ledger must be
// empty. Nothing is written before the next [Ledger.Apply].
func (l *Ledger) Assume(cfg *config.Config, tag string, now time.Time) error {
	if !l.rec.Empty() {
		return fmt.Errorf(msgAssumeNotEmpty, tag, l.rec.LastTag)
	}
	cut, err := Deployed(cfg, tag)
	if err != nil {
		return err
	}
	f := &fold{facts: &Facts{Worker: l.worker, Config: cut, Now: now}, rec: l.rec.Clone(), dir: l.dir}
	for i, m := range cut.Migrations {
		f.migrate(i, m)
	}
	if len(f.errs) > 0 {
		return errors.New(f.errs[0].Text)
	}
	l.rec = f.rec
	l.revision++
	return nil
}

// Reset moves the ledger's file to the trash folder, readable or not, so that
// the next plan starts from the configuration and the folders that are there.
// It returns where the file went, "" if there was none.
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
