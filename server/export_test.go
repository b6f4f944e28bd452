package server

import "context"

// ExpireRooms does now what the house-keeping does every second.
func (s *Server) ExpireRooms(ctx context.Context) { s.expireRooms(ctx) }
