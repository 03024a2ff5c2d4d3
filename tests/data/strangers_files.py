"""Files as people have them who never saw a configuration."""

import numpy as np
import pandas as pd
from PIL import Image


def customers(rows=120, seed=0):
    """A frame of mixed columns under Chinese names: an index, an id, holes, a date, truth values, codes, tags."""
    random = np.random.default_rng(seed)
    city = random.choice(["北京", "上海", "广州市"], rows).astype(object)
    spent = random.gamma(2, 100, rows).round(2)
    tags = [";".join(random.choice(["书", "球", "歌"], random.integers(0, 3), replace=False)) for _ in range(rows)]
    days = random.integers(0, 2000, rows).astype("timedelta64[D]")
    table = pd.DataFrame({"": range(rows), "客户号": [f"C{i:05d}" for i in range(rows)]})
    table["年龄"] = random.integers(18, 90, rows).astype(object)
    table = table.assign(城市=city, 消费=spent, 注册日期=(np.datetime64("2019-01-01") + days).astype(str))
    table = table.assign(会员=random.choice([True, False], rows), 邮编=random.choice(["010000", "020001"], rows))
    table = table.assign(兴趣=tags, churned=np.where((spent > 180) ^ (city == "北京"), "是", "否"))
    table.loc[::17, "年龄"] = ""
    table.loc[::23, "城市"] = "NA"
    table.loc[::31, "注册日期"] = ""
    return table


def write_pictures(folder, each=12):
    """Write cats and dogs, PNG files of two sizes, into a folder a class."""
    random = np.random.default_rng(1)
    for name, light in (("cat", 0), ("dog", 100)):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            pixels = random.integers(0, 128, (12 + number % 2, 10, 3), dtype=np.uint8) + np.uint8(light)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
