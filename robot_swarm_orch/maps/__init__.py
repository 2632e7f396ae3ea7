# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Roadmaps from what people have: each reader turns one format into a `Drawing`, a site on paper.

    movingai.py     MovingAI benchmark grids (.map) and scenarios (.scen)
    occupancy.py    Nav2 occupancy grids (map.yaml and its image), from which streets are derived
    nav2_route.py   GeoJSON graphs of nav2_route
    lif.py          Layout Interchange Format of VDMA (LIF), as VDA 5050 fleets exchange it
    json_files.py   what the two JSON formats share
    importer.py     which format a file has, and the way from it to the text of a site file
    picture.py      a drawing as an image, with what is wrong marked

A drawing is not checked; `site.load_site` does that, with the same words as for any site file.
"""
