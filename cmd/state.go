package emucmd

// https://developers.cloudflare.com/workers/local-development/local-data/

import (
	"os"
	"path/filepath"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/migrations"
	"github.com/seed-36a2c969/emu/migrations/folder"
)

// wranglerState is where wrangler dev keeps its state.
const wranglerState = ".wrangler/state"

// stateFolder is the folder of the stored data: that of --persist-to, or one beside the
// configuration.
func stateFolder(c *Command, cfg *config.Config, to string) string {
	if to == "" {
		return filepath.Join(c.beside(cfg), ".emu", "state")
	}
	return c.path(to)
}

// checkPersistTo refuses a path that is a file, or below one.
func checkPersistTo(c *Command, to string) error {
	if to == "" {
		return nil
	}
	for path := c.path(to); ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		switch {
		case err == nil && !info.IsDir():
			return diagnostic.NewError("--persist-to "+to+": "+path+" is a file", "--persist-to takes the folder of the stored data")
		case err == nil || path == filepath.Dir(path):
			return nil
		}
	}
}

// sayState mentions a state of Wrangler's, which is not used.
func sayState(c *Command, cfg *config.Config, log *devserver.Log) {
	theirs := filepath.Join(c.beside(cfg), filepath.FromSlash(wranglerState))
	if _, err := os.Stat(folder.Dir(theirs)); err == nil {
		log.Say("wrangler dev's state is left alone; to share it: --persist-to " + c.relative(theirs))
	}
}

// resetMigrations moves the record of applied migrations away. The next start then assumes that those
// of the configuration are applied.
func resetMigrations(persist, worker string, log *devserver.Log) error {
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
