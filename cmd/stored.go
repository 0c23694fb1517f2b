package emucmd

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/migrations"
)

// stored are the flags that say what a start does with the stored data.
type stored struct {
	strict, purge, reset bool
}

func (s *stored) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&s.strict, "strict", false, "refuse what a deployment would refuse of migrations")
	f.BoolVar(&s.purge, "purge", false, "move the data of deleted classes to the trash folder")
	f.BoolVar(&s.reset, "reset-migrations", false, "forget which migrations were applied; data stays")
}

// forget moves the ledger away if it is asked for, so that the start takes
// the configuration's migrations for the applied ones.
func (s *stored) forget(persist, worker string, log *devserver.Log) error {
	if !s.reset {
		return nil
	}
	lock, err := migrations.Take(persist, worker)
	if err != nil {
		return err
	}
	defer lock.Release()
	to, err := migrations.Reset(persist, worker, time.Now())
	if err == nil && to != "" {
		log.Say("Moved the record of applied migrations to " + to)
	}
	return err
}
