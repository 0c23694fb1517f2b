package object

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/outbound"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
	"github.com/seed-36a2c969/emu/emulator/internal/storage"
)

// Config holds what the objects of a class share with the world, and the class itself.
type Config struct {
	Host     *host.Host
	Watch    *stacks.Watch
	Net      *socket.Network
	Outbound *outbound.Client
	Env      driver.Env
	Class    driver.Class
	Key      string // the unique key, from which ids derive and which names the folder of the data
}

// class holds what the objects of a namespace share.
type class struct {
	Config
	handlers driver.Handlers
	storage  *storage.Namespace
}
