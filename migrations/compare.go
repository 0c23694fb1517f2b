package migrations

import (
	"fmt"
	"slices"

	"github.com/seed-36a2c969/emu/config"
)

// Deployed returns the configuration as it was when tag was its last
// migration, for [Ledger.Assume] and [Compare].
func Deployed(cfg *config.Config, tag string) (*config.Config, error) {
	i := slices.IndexFunc(cfg.Migrations, func(m config.Migration) bool { return m.Tag == tag })
	if i < 0 {
		return nil, fmt.Errorf(msgAssumeUnknown, tag, fileName(cfg))
	}
	cut := *cfg
	cut.Migrations = cfg.Migrations[:i+1]
	return &cut, nil
}
