"""The recipe of `sde-mini`: how the bundled encoder is made, stage by stage."""
