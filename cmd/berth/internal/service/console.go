package service

import "net/http"

func (s *Service) console(*generation) http.Handler { return nil }
