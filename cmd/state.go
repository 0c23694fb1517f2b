package emucmd

// Where the stored data lies.
// https://developers.cloudflare.com/workers/local-development/local-data/

import (
	"os"
	"path/filepath"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/migrations/folder"
)

// wranglerState is where wrangler dev keeps its state.
const wranglerState = ".wrangler/state"

// persistTo is the state folder.
func (c *Command) persistTo(cfg *config.Config, to string) string {
	if to == "" {
		return filepath.Join(c.stateBeside(cfg), ".emu", "state")
	}
	return c.path(to)
}

// checkPersistTo refuses a file, and a folder in one.
func (c *Command) checkPersistTo(to string) error {
	if to == "" {
		return nil
	}
	for path := c.path(to); ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		switch {
		case err == nil && !info.IsDir():
			return &usage{"--persist-to " + to + ": " + path + " is a file", "--persist-to takes the folder of the stored data"}
		case err == nil || path == filepath.Dir(path):
			return nil
		}
	}
}

// stateBeside is the folder that state folders lie in if nobody says where.
func (c *Command) stateBeside(cfg *config.Config) string {
	if cfg.UserPath != "" {
		return filepath.Dir(cfg.UserPath)
	}
	return c.Dir
}

// sayState tells of the state that Wrangler keeps, if it is not shared.
func (c *Command) sayState(cfg *config.Config, to string, log *devserver.Log) {
	if to != "" {
		return
	}
	theirs := filepath.Join(c.stateBeside(cfg), filepath.FromSlash(wranglerState))
	if _, err := os.Stat(folder.Dir(theirs)); err == nil {
		shown, err := filepath.Rel(c.Dir, theirs)
		if err != nil {
			shown = theirs
		}
		log.Say("wrangler dev's state is left alone; to share it: --persist-to " + filepath.ToSlash(shown))
	}
}
