package v8

// Buffers and views: V8 writes a view as its buffer, or a reference to it, and
// then the view's place in it.

import (
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

func (e *encoder) buffer(b *driver.ArrayBuffer) error {
	if len(b.Data) > maxLength || b.MaxByteLength > maxLength {
		return errorf("a buffer of %d bytes is too long", max(len(b.Data), b.MaxByteLength))
	}
	if b.Resizable {
		if b.MaxByteLength < len(b.Data) {
			return errorf("a resizable buffer is longer than its maximum")
		}
		e.b = append(e.b, tagResizableBuffer)
		e.uvarint(uint64(len(b.Data)))
		e.uvarint(uint64(b.MaxByteLength))
	} else {
		e.b = append(e.b, tagArrayBuffer)
		e.uvarint(uint64(len(b.Data)))
	}
	e.b = append(e.b, b.Data...)
	return nil
}

func (e *encoder) view(v *driver.View) error {
	size := elementSize(byte(v.Kind))
	switch {
	case v.Buffer == nil:
		return errorf("a view has no buffer")
	case size == 0:
		return errorf("unknown view %q", byte(v.Kind))
	case v.Offset < 0 || v.Length < 0 || v.Offset > len(v.Buffer.Data) || v.Length > len(v.Buffer.Data)-v.Offset:
		return errorf("a view leaves its buffer")
	case v.Offset%size != 0 || v.Length%size != 0:
		return errorf("a view is not aligned to its elements")
	case v.LengthTracking && !v.Buffer.Resizable:
		return errorf("a view tracks the length of a buffer that is not resizable")
	}
	if _, ok := e.written(v); !ok {
		if err := e.object(v.Buffer); err != nil {
			return err
		}
	}
	if e.seen(v) {
		return nil
	}
	length, flags := v.Length, uint64(0)
	if v.Buffer.Resizable {
		flags = viewOfResizableBuffer
	}
	if v.LengthTracking {
		length, flags = 0, flags|viewLengthTracking
	}
	e.b = append(e.b, tagView, byte(v.Kind))
	e.uvarint(uint64(v.Offset))
	e.uvarint(uint64(length))
	e.uvarint(flags)
	return nil
}

func (d *decoder) buffer(resizable bool) (driver.Value, error) {
	n, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	limit := n
	if resizable {
		if limit, err = d.uvarint(); err != nil {
			return nil, err
		}
		if limit < n {
			return nil, d.fail("a resizable buffer is longer than its maximum")
		}
	}
	data, err := d.bytes(n)
	if err != nil {
		return nil, err
	}
	b := &driver.ArrayBuffer{Data: slices.Clone(data), Resizable: resizable}
	if resizable {
		b.MaxByteLength = int(limit)
	}
	d.enter(b)
	return b, nil
}

func (d *decoder) view(b *driver.ArrayBuffer) (driver.Value, error) {
	kind, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	offset, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	length, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	flags := uint32(0)
	if d.version >= 14 || d.flagged {
		if flags, err = d.uvarint(); err != nil {
			return nil, err
		}
	}
	v := &driver.View{Kind: driver.ViewKind(kind), Buffer: b, Offset: int(offset), Length: int(length), LengthTracking: flags&viewLengthTracking != 0}
	size := elementSize(byte(kind))
	switch {
	case size == 0:
		return nil, d.fail("unknown view %#x", kind)
	case v.Offset > len(b.Data) || v.Length > len(b.Data)-v.Offset:
		return nil, d.fail("a view leaves its buffer")
	case v.Offset%size != 0 || v.Length%size != 0:
		return nil, d.fail("a view is not aligned to its elements")
	case b.Resizable != (flags&viewOfResizableBuffer != 0), v.LengthTracking && !b.Resizable:
		return nil, d.fail("a view does not fit its buffer")
	}
	if v.LengthTracking {
		v.Length = (len(b.Data) - v.Offset) / size * size
	}
	d.enter(v)
	return v, nil
}
