"""The judge of a gradient: is it right, and if not, where and by how much is it wrong?"""
