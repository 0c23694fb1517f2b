package object

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/outbound"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
	"github.com/seed-36a2c969/emu/emulator/internal/storage"
)

// Config is what the objects of a class run on.
type Config struct {
	Host     *host.Host
	Watch    *stacks.Watch
	Net      *socket.Network
	Outbound *outbound.Client
	Env      driver.Env
	Class    driver.Class
	Key      string // of the class's ids, and of its data
}

// class is what the objects of a namespace have in common.
type class struct {
	Config
	handlers driver.Handlers
	storage  *storage.Namespace
}
