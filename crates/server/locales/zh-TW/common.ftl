# common
brand = MyData
