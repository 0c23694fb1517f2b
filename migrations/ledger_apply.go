package migrations

// Applying a plan: first the ledger is written, then data is moved to the trash, then the
// ledgers of other Workers are written. After a crash between two of these the next plan
// completes the rest, since each does nothing a second time.

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/seed-36a2c969/emu/migrations/folder"
)

// effect is one change on disk.
type effect struct {
	name string
	do   func() error
}

// Apply carries out a plan of this ledger. If the plan has errors, or the ledger has changed
// since it was made, Apply fails without any effect. The caller must hold the [folder.Lock]
// of the Worker, and have no object of a deleted class open.
func (l *Ledger) Apply(p *Plan) error {
	if len(p.Errors) > 0 {
		return fmt.Errorf("the plan has an error: %s", p.Errors[0].Text)
	}
	if p.ledger != l || p.revision != l.revision {
		return errors.New("the plan is of another state of the ledger")
	}
	for _, e := range l.effects(p) {
		if err := e.do(); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	l.rec, l.saved = p.next, p.next.Encode()
	l.revision++
	return nil
}

// effects are the changes on disk that carry out a plan, in order.
func (l *Ledger) effects(p *Plan) []effect {
	if l.dir == "" {
		return nil
	}
	var all []effect
	if data := p.next.Encode(); !bytes.Equal(data, l.saved) && !(p.next.Empty() && l.saved == nil) {
		all = append(all, write(l.Path(), data)...)
	}
	for _, s := range p.Steps {
		if s.Kind == Purge {
			all = append(all, effect{"move the data of " + s.Class + " to the trash", func() error {
				err := folder.Move(filepath.Join(l.dir, s.Key), s.Folder)
				if errors.Is(err, fs.ErrNotExist) {
					return nil
				}
				return err
			}})
		}
	}
	for _, m := range p.moves {
		all = append(all, effect{"take class " + m.class + " out of the ledger of " + m.worker, func() error { return l.takeFrom(m) }})
	}
	return all
}

// takeFrom removes a transferred class from another Worker's ledger.
func (l *Ledger) takeFrom(m move) error {
	persist := filepath.Dir(filepath.Dir(l.dir))
	lock, err := folder.Take(persist, m.worker) // not migrations.Take: this process already has the namespace's lock
	if err != nil {
		return err
	}
	defer lock.Release()
	peer, err := Open(persist, m.worker)
	if err != nil {
		return err
	}
	if peer.rec.Classes[m.class].UniqueKey != m.key {
		return nil
	}
	delete(peer.rec.Classes, m.class)
	for _, e := range write(peer.Path(), peer.rec.Encode()) {
		if err := e.do(); err != nil {
			return err
		}
	}
	return nil
}

// write replaces a file atomically: after a crash it is the old one or the new one.
func write(path string, data []byte) []effect {
	dir, temp := filepath.Dir(path), path+".tmp"
	return []effect{
		{"create the state folder", func() error { return os.MkdirAll(dir, 0o777) }},
		{"write the ledger", func() error {
			// An interrupted write may have left the file, or somebody a link, whose target
			// must not change. O_EXCL follows no link that appears after the removal.
			if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
			if err != nil {
				return err
			}
			_, err = f.Write(data)
			return errors.Join(err, f.Sync(), f.Close())
		}},
		{"put the ledger in place", func() error { return os.Rename(temp, path) }},
		{"save the state folder", func() error { return folder.Sync(dir) }},
	}
}
