"""Control panels for tablets: an arrangement (TOML) and the contract become the files of other programs.

arrangement.toml --arrangement--> Panel --contract--> checked --open_stage_control--> session JSON
                                                              --touchosc----------->  layout XML, deflated
"""
