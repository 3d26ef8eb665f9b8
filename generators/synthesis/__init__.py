"""How repeat units are made: monomer classes, polymerisation rules, copolymerisation, routes and retrosynthesis."""
