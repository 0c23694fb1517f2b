package devserver

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// InUseError says that another program listens on an address.
type InUseError struct {
	// Host and Port are the address as the user gave it.
	Host string
	Port int
	// Holder is the program that has it, "" if the system does not tell.
	Holder string
}

func (e *InUseError) Error() string {
	return fmt.Sprintf(msgInUse, net.JoinHostPort(e.Host, strconv.Itoa(e.Port)))
}

// Hint says which program it is.
func (e *InUseError) Hint() string {
	if e.Holder == "" {
		return ""
	}
	return fmt.Sprintf("port %d is held by %s", e.Port, e.Holder)
}

// freePortTries is how often a port that is free on one loopback address may
// turn out taken on the other.
const freePortTries = 20

// listen opens the listeners of an address and says how to reach them.
func listen(ip string, port int) ([]net.Listener, string, error) {
	if ip == "" || ip == "localhost" {
		for try := 1; ; try++ {
			listeners, err := listenLoopback(port)
			if err != nil && port == 0 && errors.Is(err, syscall.EADDRINUSE) && try < freePortTries {
				continue
			}
			if err != nil {
				return nil, "", refused("localhost", port, err)
			}
			return listeners, address("localhost", listeners[0]), nil
		}
	}
	host, shown := ip, ip
	switch ip {
	case "*":
		host, shown = "", "localhost"
	case "0.0.0.0", "::":
		shown = "localhost"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, "", refused(ip, port, err)
	}
	return []net.Listener{l}, address(shown, l), nil
}

// listenLoopback opens one port on 127.0.0.1 and, where there is IPv6, on ::1.
func listenLoopback(port int) ([]net.Listener, error) {
	four, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	six, err := net.Listen("tcp6", net.JoinHostPort("::1", strconv.Itoa(portOf(four))))
	if errors.Is(err, syscall.EADDRINUSE) {
		four.Close()
		return nil, err
	}
	if err != nil {
		return []net.Listener{four}, nil // no IPv6 on this machine
	}
	return []net.Listener{four, six}, nil
}

// refused makes the error of an address that cannot be had.
func refused(host string, port int, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return &InUseError{Host: host, Port: port, Holder: holder(port)}
	}
	return fmt.Errorf("cannot listen on %s: %w", net.JoinHostPort(host, strconv.Itoa(port)), err)
}

// address is how to reach a listener.
func address(host string, l net.Listener) string {
	return "http://" + net.JoinHostPort(host, strconv.Itoa(portOf(l)))
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }
