"""The dashboard: views compose components and charts over `sde_core`."""
